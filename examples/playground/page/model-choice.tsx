/** A choice among the models of the playground and of the shelf. */
import { useEffect, useState } from "preact/hooks";
import { BUILT_IN } from "../model-files.js";
import { type ShelvedModel, shelf } from "../store.js";
import { Choice } from "./controls.js";
import { run } from "./run-state.js";
import { useStrings } from "./settings.js";
import { useStore } from "./store.js";

/** The models of the shelf; looked up again when a run ends. */
export function useShelf(): readonly ShelvedModel[] | null {
  const [models, setModels] = useState<readonly ShelvedModel[] | null>(null);
  const { model } = useStore(run);
  useEffect(() => {
    shelf().then(setModels, () => setModels([]));
  }, [model]);
  return models;
}

interface ModelChoiceProps {
  readonly value: string;
  readonly onChange: (id: string) => void;
  /** tasks of the models that can be chosen; the built-in ones are encoders */
  readonly tasks?: readonly string[];
  readonly builtIn?: readonly string[];
}

const ENCODERS = ["masked-lm", "pretraining", "replaced-token-detection", "feature-extraction"];

export function ModelChoice({ value, onChange, tasks = ENCODERS, builtIn = BUILT_IN }: ModelChoiceProps) {
  const { models: strings } = useStrings();
  const shelved = (useShelf() ?? []).filter(({ task }) => tasks.includes(task));
  const options = [...builtIn.map((id) => [id, id] as const), ...shelved.map(({ id, name }) => [id, name] as const)];
  return <Choice label={strings.model} value={value} options={options} onChange={onChange} />;
}
