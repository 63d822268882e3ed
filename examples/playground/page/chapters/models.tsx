/** Models: those that are built in, those that were trained here, and those that the reader brings. */
import { useRef, useState } from "preact/hooks";
import { BUILT_IN, builtInModels, modelFiles } from "../../model-files.js";
import { type ShelvedModel, unshelve } from "../../store.js";
import { useComputed } from "../computed.js";
import { Button, Chapter, Fault, FileField, TextField, Wide } from "../controls.js";
import { downloadFolder } from "../download.js";
import { chosenFiles, droppedFiles, entriesOf, importFiles, importNamed } from "../import-model.js";
import { ModelChoice, useShelf } from "../model-choice.js";
import { pipelines } from "../pipelines.js";
import { useStrings } from "../settings.js";
import { useShared } from "../shared-state.js";
import { Share } from "../shown-samples.js";

function Shelf() {
  const { models: strings, number } = useStrings();
  const models = useShelf() ?? [];
  const [error, setError] = useState<unknown>(null);
  const builtIn = useComputed(builtInModels, []);
  const save = ({ id, name }: ShelvedModel) => downloadFolder(name.replace(/[^\w.-]+/g, "-"), id).catch(setError);
  return (
    <Wide label={strings.title}>
      <Fault error={error ?? builtIn.error} />
      <table>
        <thead>
          <tr>
            <th>{strings.columns.name}</th>
            <th>{strings.columns.task}</th>
            <th class="number">{strings.columns.parameters}</th>
            <th class="number">MB</th>
            <th>{strings.columns.hash}</th>
            <th>
              <span class="hidden">{strings.columns.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {BUILT_IN.map((id) => {
            const about = builtIn.value?.find((model) => model.id === id);
            return (
              <tr key={id}>
                <td>{id}</td>
                <td>{strings.builtIn}</td>
                <td class="number">{about && number(about.parameters)}</td>
                <td class="number">{about && (about.bytes / 1e6).toFixed(1)}</td>
                <td>–</td>
                <td />
              </tr>
            );
          })}
          {models.map((model) => (
            <tr key={model.id}>
              <td>{model.name}</td>
              <td>{model.task}</td>
              <td class="number">{number(model.parameters)}</td>
              <td class="number">{(model.bytes / 1e6).toFixed(1)}</td>
              <td>
                <code>{model.hash?.slice(0, 12) ?? "–"}</code>
              </td>
              <td class="row-actions">
                <Button onClick={() => void save(model)}>{strings.download}</Button>
                <Button onClick={() => void unshelve(model.id).catch(setError)}>{strings.remove}</Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

/** Fill masks with any model, through the pipelines of the package. */
function Trying() {
  const { models: strings } = useStrings();
  const [model, setModel] = useShared("model", "cloze-tiny");
  const [text, setText] = useShared("text", strings.example);
  const opened = useComputed(async () => (await pipelines()).fillMask(await modelFiles(model), { topK: 8 }), [model]);
  const { value, error } = useComputed(
    opened.value && /\[MASK\]|<mask>/.test(text) ? () => opened.value!.masks(text) : null,
    [opened.value, text],
  );
  return (
    <section>
      <h2>{strings.try}</h2>
      <ModelChoice value={model} onChange={setModel} tasks={["masked-lm", "pretraining"]} builtIn={["cloze-tiny"]} />
      <TextField label={strings.tryText} value={text} onInput={setText} />
      <Fault error={opened.error ?? error} />
      <div class="cards tried">
        {value?.map((guesses, mask) => (
          <ol class="guesses card" key={mask}>
            {guesses.map(({ token_str, score }) => (
              <li key={token_str}>
                <span class="token">{token_str}</span>
                <Share value={score} />
              </li>
            ))}
          </ol>
        ))}
      </div>
    </section>
  );
}

function Importing() {
  const { models: strings } = useStrings();
  const [name, setName] = useState("");
  const [mirror, setMirror] = useShared("mirror", "");
  const [share, setShare] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [isOver, setOver] = useState(false);
  const stopping = useRef<AbortController | null>(null);
  const work = async (task: () => Promise<void>) => {
    setError(null);
    try {
      await task();
    } catch (fault) {
      if (!stopping.current?.signal.aborted) setError(fault);
    }
  };
  const fetchNamed = async () => {
    const controller = new AbortController();
    stopping.current = controller;
    setShare(0);
    const { signal } = controller;
    const options = { signal, onProgress: setShare, mirror: mirror.trim() || null };
    await work(() => importNamed(name.trim(), options));
    stopping.current = null;
    setShare(null);
  };
  return (
    <section>
      <h2>{strings.bring}</h2>
      <fieldset
        class={`drop ${isOver ? "over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          const entries = entriesOf(event.dataTransfer);
          void work(async () => importFiles(await droppedFiles(entries)));
        }}
      >
        <p>{strings.drop}</p>
        <FileField
          label={strings.openFolder}
          isFolder
          onFiles={(files) => void work(() => importFiles(chosenFiles(files)))}
        />
      </fieldset>
      <TextField label={strings.byName} hint={strings.byNameHint} value={name} onInput={setName} />
      <div class="actions">
        {share === null ? (
          <Button onClick={() => void fetchNamed()} disabled={!name.includes("/")}>
            {strings.fetch}
          </Button>
        ) : (
          <Button onClick={() => stopping.current?.abort()}>{strings.stop}</Button>
        )}
      </div>
      {share !== null && <progress value={share} max={1} aria-label={strings.fetch} />}
      <Fault error={error} />
      <details open={mirror !== ""}>
        <summary>{strings.mirror}</summary>
        <TextField label={strings.mirrorLabel} hint={strings.mirrorHint} value={mirror} onInput={setMirror} />
      </details>
    </section>
  );
}

export function ModelsChapter() {
  const { models: strings } = useStrings();
  return (
    <Chapter title={strings.title} lead={strings.lead}>
      <Shelf />
      <Trying />
      <Importing />
    </Chapter>
  );
}
