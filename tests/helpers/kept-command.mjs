/**
 * A process that keeps the command line loaded, and answers commands one after another: starting Node, loading the library and
 * compiling the kernels take most of the time of a command on a tiny model. Each command evaluates dist/cli.js again, with
 * standard streams and an exit status of its own. Tests are synchronous: they wait for the answer of a thread, which talks to the
 * process.
 *
 * As a thread: `workerData` has the `program`, its folder `place`, its `env`, a `port` for commands and answers, and `turn`, which
 * becomes 1 with an answer. As the process: messages `{ words, input }` are answered with `{ status, stdout, stderr }`.
 */
import { fork } from "node:child_process";
import { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { isMainThread, workerData } from "node:worker_threads";

/** A stream that keeps what is written. */
function keptStream() {
  const parts = [];
  const stream = new Writable({
    write(bytes, _, done) {
      parts.push(bytes);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(parts).toString() };
}

const replace = (name, value) => Object.defineProperty(process, name, { value, configurable: true });

/** Answer one command; `count` makes its import an import of its own. */
async function run(program, { words, input }, count) {
  const [stdout, stderr] = [keptStream(), keptStream()];
  replace("stdin", Readable.from(input.length === 0 ? [] : [Buffer.from(input)]));
  replace("stdout", stdout.stream);
  replace("stderr", stderr.stream);
  process.argv = [process.execPath, program, ...words];
  process.exitCode = undefined;
  await import(`${program}?${count}`);
  const status = process.exitCode ?? 0;
  process.exitCode = undefined;
  return { status, stdout: stdout.text(), stderr: stderr.text() };
}

/** Pass commands to the process, and its answers back; one that ends instead of answering is an answer too. */
function relay({ program, place, env, port, turn }) {
  const options = { cwd: place, env, execArgv: [], stdio: ["ignore", "ignore", "pipe", "ipc"] };
  const child = fork(fileURLToPath(import.meta.url), [program], options);
  let said = "";
  let end;
  const answer = (outcome) => {
    port.postMessage(outcome);
    Atomics.store(turn, 0, 1);
    Atomics.notify(turn, 0);
  };
  child.stderr.on("data", (text) => (said += text));
  child.on("message", answer);
  child.on("close", (status) => {
    end = { status: status ?? 1, stdout: "", stderr: `${said}the process of all commands has ended` };
    answer(end);
  });
  port.on("message", (command) => (end ? answer(end) : child.send(command)));
}

if (isMainThread) {
  const [, , program] = process.argv;
  let count = 0;
  process.on("message", async (command) => process.send(await run(program, command, ++count)));
} else relay(workerData);
