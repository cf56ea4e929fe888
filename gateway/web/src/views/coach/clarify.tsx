// A text said more clearly, or in another language.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { useDeed } from "../../hooks.ts";
import type { Clarified } from "../../wire.ts";
import { Choice, Copy, Failure, Field, Waiting, valuesOf } from "../parts.tsx";
import { EngineLine } from "./engine.tsx";

export function clarify(text: string, language: string): Promise<Clarified> {
  return call<Clarified>("POST", "/api/coach/clarify", { text, language });
}

const tags = ["ar", "de", "en", "es", "fa", "fr", "he", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru", "sv", "tr", "uk", "vi", "zh"];

// The languages that one reads come first, then the usual ones.
export function languages(): { tag: string; name: string }[] {
  const own = navigator.languages.map((l) => l.split("-")[0] ?? l);
  const names = new Intl.DisplayNames(undefined, { type: "language" });
  return Array.from(new Set([...own, ...tags])).map((tag) => ({ tag, name: names.of(tag) ?? tag }));
}

export function LanguageField() {
  const options = languages().map((l): [string, string] => [l.tag, l.name]);
  return <Choice label="Language" name="language" chosen="" options={[["", "The text's own"], ...options]} />;
}

export function ClarifyPage() {
  const [result, setResult] = useState<Clarified | null>(null);
  const deed = useDeed();
  function ask(v: Record<string, string>) {
    setResult(null);
    void deed.run(async () => setResult(await clarify((v["text"] ?? "").trim(), v["language"] ?? "")));
  }
  return (
    <div class="page narrow">
      <section class="card" aria-labelledby="clarify-title">
        <h2 id="clarify-title">Make a text clearer, or translate it</h2>
        <p class="hint">Something that you have been sent, or that you want to say.</p>
        <form onSubmit={(event) => ask(valuesOf(event))}>
          <Field label="The text" name="text" multiline required maxLength={5000} deed={deed} />
          <LanguageField />
          <Failure text={deed.field === "text" ? "" : deed.error} />
          <p class="buttons">
            <button type="submit" class="primary" disabled={deed.busy}>
              {deed.busy ? "Reading…" : "Make it clearer"}
            </button>
          </p>
        </form>
      </section>
      {deed.busy && <Waiting lines={4} label="Reading" />}
      {result && (
        <section class="card" aria-label="Said more clearly">
          <ClarifiedResult result={result} />
        </section>
      )}
    </div>
  );
}

export function ClarifiedResult({ result: r }: { result: Clarified }) {
  return (
    <div class="rehearsal" role="status">
      <blockquote class="better" dir="auto">
        {r.text}
      </blockquote>
      {r.notes.length > 0 && (
        <ul class="reasons">
          {r.notes.map((note) => (
            <li key={note} dir="auto">
              {note}
            </li>
          ))}
        </ul>
      )}
      <p class="buttons">
        <Copy text={r.text} />
      </p>
      <EngineLine engine={r.engine} notice={r.notice} />
    </div>
  );
}
