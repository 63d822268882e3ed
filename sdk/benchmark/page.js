/** The script of benchmark.html: results as they come, and a file of them to compare. */
import { benchmark } from "./benchmark.js";

const rows = document.querySelector("tbody");
const lines = [];
// benchmark.html?only=train&only=start runs some of the workloads.
const only = new URLSearchParams(location.search).getAll("only");
const shown = document.querySelector("#score");
const score = await benchmark({
  ...(only.length > 0 && { only }),
  onRound(done, total) {
    shown.textContent = `round ${done} of ${total}`;
  },
  onResult(result) {
    lines.push(result);
    const row = rows.insertRow();
    const [low, high] = result.quartiles_ms;
    const share = result.share === null ? "" : `${Math.round(100 * result.share)} %`;
    for (const text of [result.workload, result.median_ms, `${low} – ${high}`, share, result.points, result.valid ? result.hash : `refused: ${result.hash}`])
      row.insertCell().textContent = text;
    if (!result.valid) row.className = "refused";
  },
});
lines.push(score);
shown.textContent =
  score.score === null ? only.length > 0 ? "no score: not all workloads were run" : "no score: not every result is valid" : `score ${score.score} (version ${score.version}, ${score.runtime})${score.quiet === false ? "; the machine was busy, run it again" : ""}`;
const link = document.querySelector("#json");
link.href = URL.createObjectURL(new Blob([lines.map((line) => `${JSON.stringify(line)}\n`).join("")]));
link.hidden = false;
