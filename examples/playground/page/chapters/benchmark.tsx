/** Benchmark: the same work as everywhere, valid only with the published bits. */
import { proxy } from "comlink";
import { useState } from "preact/hooks";
import type { Measured, Score } from "../../worker/benchmarking.js";
import { Button, Chapter, Facts, Fault, Wide } from "../controls.js";
import { download } from "../download.js";
import { useStrings } from "../settings.js";
import { endWorker, worker } from "../workers.js";

/** The worker of the benchmark alone, which can be stopped at any time. */
const NAME = "benchmark";

function Results({ results }: { readonly results: readonly Measured[] }) {
  const { benchmark } = useStrings();
  return (
    <Wide label={benchmark.title}>
      <table>
        <thead>
          <tr>
            <th>{benchmark.columns.workload}</th>
            <th class="number">{benchmark.columns.median}</th>
            <th class="number">{benchmark.columns.share}</th>
            <th class="number">{benchmark.columns.points}</th>
            <th>{benchmark.columns.hash}</th>
          </tr>
        </thead>
        <tbody>
          {results.map(({ workload, median_ms, share, points, hash, valid }) => (
            <tr key={workload}>
              <td>{workload}</td>
              <td class="number">{median_ms}</td>
              <td class="number">{share === null ? "–" : `${Math.round(100 * share)}%`}</td>
              <td class="number">{points}</td>
              <td class={valid ? "good" : "fault"}>
                <code>{hash}</code> {valid ? "✓" : "✗"}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

export function BenchmarkChapter() {
  const { benchmark } = useStrings();
  const [results, setResults] = useState<readonly Measured[]>([]);
  const [[done, total], setRounds] = useState<readonly [number, number]>([0, 1]);
  const [score, setScore] = useState<Score | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const start = async () => {
    setBusy(true);
    setError(null);
    setResults([]);
    setRounds([0, 1]);
    setScore(null);
    try {
      const tell = proxy((rounds: number, all: number, shown: readonly Measured[]) => {
        setRounds([rounds, all]);
        setResults(shown);
      });
      setScore(await worker(NAME).runBenchmark(tell));
    } catch (fault) {
      setError(fault);
    } finally {
      setBusy(false);
    }
  };
  const stop = () => {
    endWorker(NAME);
    setBusy(false);
  };
  const save = () => {
    const lines = [...results, ...(score ? [score] : [])].map((each) => `${JSON.stringify(each)}\n`);
    download("cloze-bench.jsonl", lines.join(""), "application/jsonl");
  };
  return (
    <Chapter title={benchmark.title} lead={benchmark.lead}>
      <div class="actions">
        {isBusy ? (
          <Button main onClick={stop}>
            {benchmark.stop}
          </Button>
        ) : (
          <Button main onClick={() => void start()}>
            {benchmark.start}
          </Button>
        )}
        {score && <Button onClick={save}>{benchmark.save}</Button>}
        <span class="status" role="status">
          {isBusy ? (done === 0 ? benchmark.preparing : benchmark.running(done, total)) : ""}
        </span>
      </div>
      {isBusy && <progress value={done} max={total} aria-label={benchmark.progress} />}
      <Fault error={error} />
      {score && (
        <Facts
          facts={[
            [benchmark.score, score.score === null ? benchmark.none : String(score.score)],
            [benchmark.runtime, score.runtime],
            [benchmark.quiet, score.quiet === null ? "–" : score.quiet ? benchmark.yes : benchmark.no],
          ]}
        />
      )}
      {results.length > 0 && <Results results={results} />}
      {score && <p class="soft">{benchmark.proof}</p>}
    </Chapter>
  );
}
