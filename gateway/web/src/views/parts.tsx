// Small pieces that several pages are made of.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useDeed, usePageTitle, type Deed } from "../hooks.ts";
import { path } from "../router.tsx";
import { fullTime } from "../time.ts";

// The heading of a page. A new page is announced by moving the focus to it, as a browser would.
export function PageTitle({ children, title, id }: { children: ComponentChildren; title: string; id?: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  usePageTitle(title);
  // With the page, not after it: who types at once keeps the focus.
  useLayoutEffect(() => heading.current?.focus({ preventScroll: true }), [path.value]);
  return (
    <h1 ref={heading} id={id} tabIndex={-1} dir="auto">
      {children}
    </h1>
  );
}

export function Failure({ text, retry }: { text: string; retry?: () => void }) {
  if (text === "") return null;
  return (
    <p class="failure" role="alert">
      <span>{text}</span>
      {retry && (
        <button type="button" class="quiet" onClick={retry}>
          Try again
        </button>
      )}
    </p>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

// Beside the button that did it.
export function Done({ isDone, text = "Saved" }: { isDone: boolean; text?: string }) {
  return (
    <span role="status" class="done">
      {isDone ? text : ""}
    </span>
  );
}

// In the place of what is on its way, of about its size, so that nothing jumps.
export function Waiting({ lines = 3, label = "Loading" }: { lines?: number; label?: string }) {
  return (
    <div class="waiting" role="status">
      <span class="hidden">{label}</span>
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} class="bar" aria-hidden="true" />
      ))}
    </div>
  );
}

interface FieldProps {
  label: string;
  name: string;
  deed?: Deed;
  hint?: string;
  type?: string;
  // What it begins with; it is the browser's from then on.
  defaultValue?: string;
  autocomplete?: string;
  required?: boolean;
  minLength?: number;
  maxLength?: number;
  min?: number;
  max?: number;
  step?: string;
  multiline?: boolean;
  // Where the page keeps what is in it.
  value?: string;
  onInput?: (value: string) => void;
}

// A labelled input. An error that the server has about this field stands beside it.
export function Field({ label, name, deed, hint, multiline, onInput, ...input }: FieldProps) {
  const id = useId();
  const error = deed && deed.field === name ? deed.error : "";
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const common = {
    id,
    name,
    "aria-describedby": described || undefined,
    "aria-invalid": error !== "" || undefined,
    ...(onInput && { onInput: (e: InputEvent) => onInput((e.currentTarget as HTMLInputElement).value) }),
    ...input,
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {multiline ? <textarea {...(common as object)} rows={3} dir="auto" /> : <input {...(common as object)} dir="auto" />}
      {hint && (
        <span class="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {error && (
        <span class="field-error" id={`${id}-error`}>
          {error}
        </span>
      )}
    </div>
  );
}

export function Check({ label, name, hint, isChecked = false }: { label: string; name: string; hint?: string; isChecked?: boolean }) {
  return (
    <label class="check">
      <input type="checkbox" name={name} defaultChecked={isChecked} />
      <span>
        {label}
        {hint && <small>{hint}</small>}
      </span>
    </label>
  );
}

interface ChoiceProps {
  label: string;
  name: string;
  chosen: string;
  // Value and word.
  options: [string, string][];
}

export function Choice({ label, name, chosen, options }: ChoiceProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={name}>
        {options.map(([value, word]) => (
          <option key={value} value={value} selected={value === chosen}>
            {word}
          </option>
        ))}
      </select>
    </div>
  );
}

export function Avatar({ name }: { name: string }) {
  // The same colour for the same name, out of the eight of the style sheet.
  const hue = Array.from(name).reduce((n, c) => (n * 31 + (c.codePointAt(0) ?? 0)) % 8, 0);
  return (
    <span class={`avatar hue-${hue}`} aria-hidden="true">
      {Array.from(name)[0]?.toUpperCase() ?? "?"}
    </span>
  );
}

export function CoachAvatar() {
  return (
    <span class="avatar coach-avatar" aria-hidden="true">
      <svg viewBox="0 0 24 24" class="glyph">
        <path d="M12 3l2.5 6.5L21 12l-6.5 2.5L12 21l-2.5-6.5L3 12l6.5-2.5z" />
      </svg>
    </span>
  );
}

export function Time({ iso, text }: { iso: string | null; text: string }) {
  return iso ? (
    <time dateTime={iso} title={fullTime(iso)}>
      {text}
    </time>
  ) : null;
}

// Puts a text where it can be pasted from; a page over plain HTTP may not.
export function Copy({ text }: { text: string }) {
  const [isDone, setIsDone] = useState(false);
  if (!navigator.clipboard) return null;
  async function copy() {
    await navigator.clipboard.writeText(text);
    setIsDone(true);
  }
  return (
    <>
      <button type="button" class="quiet" onClick={() => void copy().catch(() => {})}>
        Copy
      </button>
      <Done isDone={isDone} text="Copied" />
    </>
  );
}

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

// The browser's own dialog: it keeps the focus inside and gives it back.
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    // What is to be filled in, or else the way back, rather than the cross that comes first.
    dialog.current?.querySelector<HTMLElement>(".field :is(input, textarea), .buttons.end button")?.focus();
    return () => {
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" class="icon" aria-label="Close" onClick={() => dialog.current?.close()}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
}

interface ConfirmProps extends DialogProps {
  // What is done, on its button.
  word: string;
  onDo: () => Promise<unknown>;
}

// What cannot be taken back in a moment is asked for once more.
export function Confirm({ title, word, onDo, onClose, children }: ConfirmProps) {
  const deed = useDeed();
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{children}</p>
      <Failure text={deed.error} />
      <p class="buttons end">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="primary danger" disabled={deed.busy} onClick={() => deed.run(async () => (await onDo(), onClose()))}>
          {word}
        </button>
      </p>
    </Dialog>
  );
}

// The values of a form by their names.
export function valuesOf(event: Event): Record<string, string> {
  event.preventDefault();
  const form = event.currentTarget as HTMLFormElement;
  return Object.fromEntries(Array.from(new FormData(form), ([k, v]) => [k, String(v)]));
}
