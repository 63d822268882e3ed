/** Labeled controls, and the small parts that chapters share. */
import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { useStrings } from "./settings.js";
import { type Bounds, sharedAddress } from "./shared-state.js";

interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly children: (id: string) => ComponentChildren;
}

function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id)}
      {hint && <small>{hint}</small>}
    </div>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly value: T;
  readonly options: readonly (readonly [value: T, name: string])[];
  readonly onChange: (value: T) => void;
  readonly disabled?: boolean;
}

export function Choice<T extends string>({ label, hint, value, options, onChange, disabled = false }: ChoiceProps<T>) {
  return (
    <Field label={label} hint={hint}>
      {(id) => (
        <select
          id={id}
          value={value}
          disabled={disabled}
          onChange={(event) => onChange(event.currentTarget.value as T)}
        >
          {options.map(([option, name]) => (
            <option key={option} value={option} selected={option === value}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface NumberProps {
  readonly label: string;
  readonly value: number;
  readonly bounds: Bounds;
  readonly onChange: (value: number) => void;
  readonly disabled?: boolean;
}

export function NumberField({ label, value, bounds: [min, max, step], onChange, disabled = false }: NumberProps) {
  return (
    <Field label={label}>
      {(id) => (
        <input
          id={id}
          type="number"
          {...{ value, min, max, step, disabled }}
          onChange={(event) => {
            const { valueAsNumber: given } = event.currentTarget;
            if (Number.isFinite(given)) onChange(Math.min(max, Math.max(min, given)));
          }}
        />
      )}
    </Field>
  );
}

interface TextProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly value: string;
  readonly rows?: number;
  readonly onInput: (value: string) => void;
  readonly disabled?: boolean;
  /** takes the text of a file that is dropped; without it nothing can be dropped */
  readonly onDrop?: (text: string) => void;
}

/** A text of one line, or of several where `rows` says so. */
export function TextField({ label, hint, value, rows, onInput, disabled = false, onDrop }: TextProps) {
  const drop = async (event: DragEvent) => {
    const [file] = event.dataTransfer?.files ?? [];
    if (!file || disabled) return;
    event.preventDefault();
    onDrop?.(await file.text());
  };
  return (
    <Field label={label} hint={hint}>
      {(id) =>
        rows === undefined ? (
          <input id={id} type="text" {...{ value, disabled }} onInput={(event) => onInput(event.currentTarget.value)} />
        ) : (
          <textarea
            id={id}
            {...{ value, rows, disabled }}
            {...(onDrop && { onDragOver: (event) => event.preventDefault(), onDrop: (event) => void drop(event) })}
            onInput={(event) => onInput(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

interface ButtonProps {
  readonly onClick: () => void;
  readonly children: ComponentChildren;
  readonly main?: boolean;
  readonly disabled?: boolean;
}

export function Button({ onClick, children, main = false, disabled = false }: ButtonProps) {
  return (
    <button type="button" class={main ? "main" : undefined} {...{ onClick, disabled }}>
      {children}
    </button>
  );
}

/** Names with their values. */
export function Facts({ facts }: { readonly facts: readonly (readonly [name: string, value: ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A region that scrolls sideways has to be reached by keyboard. */
const REACHED = { tabIndex: 0 };

/** A table that may be wider than the screen. */
export function Wide({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    <section class="scroll" aria-label={label} {...REACHED}>
      {children}
    </section>
  );
}

/** What went wrong, read out at once: faults of the reader's input in the reader's language, all others as they are. */
export function Fault({ error }: { readonly error: unknown }) {
  const { faults } = useStrings();
  if (error === null || error === undefined) return null;
  const message = error instanceof Error ? error.message : String(error);
  const known = faults.find(([pattern]) => pattern.test(message));
  return (
    <p class="fault" role="alert">
      {known ? message.replace(...known) : message}
    </p>
  );
}

/** Copies a link to the chapter as it is now. */
function ShareLink() {
  const { app } = useStrings();
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    const address = sharedAddress();
    history.replaceState(null, "", address);
    await navigator.clipboard.writeText(address);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <button type="button" class="quiet" onClick={() => void copy()}>
      {isCopied ? app.copied : app.share}
    </button>
  );
}

/** Head of a chapter. */
export function Chapter({ title, lead, children }: { title: string; lead: string; children: ComponentChildren }) {
  return (
    <article>
      <div class="head">
        <h1 tabIndex={-1}>{title}</h1>
        <ShareLink />
      </div>
      <p class="lead">{lead}</p>
      {children}
    </article>
  );
}

interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly onInput: (value: number) => void;
}

export function Slider({ label, value, min, max, step = 1, onInput }: SliderProps) {
  return (
    <Field label={label}>
      {(id) => (
        <input
          id={id}
          type="range"
          {...{ value, min, max, step }}
          onInput={(event) => onInput(event.currentTarget.valueAsNumber)}
        />
      )}
    </Field>
  );
}

interface FileProps {
  readonly label: string;
  readonly accept?: string;
  /** whether a folder is chosen, with all files in it */
  readonly isFolder?: boolean;
  readonly disabled?: boolean;
  readonly onFiles: (files: readonly File[]) => void;
}

/** A button that opens files. */
export function FileField({ label, accept, isFolder = false, disabled = false, onFiles }: FileProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        {...(accept !== undefined && { accept })}
        {...(isFolder && { webkitdirectory: true })}
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
      <Button disabled={disabled} onClick={() => input.current?.click()}>
        {label}
      </Button>
    </>
  );
}

/** Something that can be on or off. */
export function Check({
  label,
  value,
  onChange,
  disabled = false,
}: {
  readonly label: string;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
  readonly disabled?: boolean;
}) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={value}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      {label}
    </label>
  );
}
