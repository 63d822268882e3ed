/** A choice among the models of the playground and of the shelf. */
import { useEffect, useState } from "preact/hooks";
import { BUILT_IN } from "../model-files.js";
import { followShelf, type ShelvedModel, shelf } from "../store.js";
import { Choice } from "./controls.js";
import { useStrings } from "./settings.js";

/** The models of the shelf, the newest first; null until they are known. */
export function useShelf(): readonly ShelvedModel[] | null {
  const [models, setModels] = useState<readonly ShelvedModel[] | null>(null);
  useEffect(() => {
    const look = () => void shelf().then(setModels, () => setModels([]));
    look();
    return followShelf(look);
  }, []);
  return models;
}

interface ModelChoiceProps {
  readonly value: string;
  readonly onChange: (id: string) => void;
  /** tasks of the models that can be chosen; the built-in ones are encoders */
  readonly tasks?: readonly string[];
  readonly builtIn?: readonly string[];
  readonly disabled?: boolean;
}

const ENCODERS = ["masked-lm", "pretraining", "replaced-token-detection", "feature-extraction"];

export function ModelChoice({
  value,
  onChange,
  tasks = ENCODERS,
  builtIn = BUILT_IN,
  disabled = false,
}: ModelChoiceProps) {
  const { models: strings } = useStrings();
  const shelved = useShelf()?.filter(({ task }) => tasks.includes(task));
  const options = [
    ...builtIn.map((id) => [id, id] as const),
    ...(shelved ?? []).map(({ id, name }) => [id, name] as const),
  ];
  const [first] = options;
  // A link may name a model of another browser, and a model may have been removed.
  const isMissing = shelved !== undefined && first !== undefined && !options.some(([id]) => id === value);
  useEffect(() => {
    if (isMissing) onChange(first[0]);
  }, [isMissing]);
  return <Choice label={strings.model} {...{ value, options, disabled, onChange }} />;
}
