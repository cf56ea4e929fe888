// What a draft would do before it is sent.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { useDeed } from "../../hooks.ts";
import type { Rehearsal } from "../../wire.ts";
import { Copy, Failure, Field, Waiting, valuesOf } from "../parts.tsx";
import { EngineLine } from "./engine.tsx";

export function rehearse(draft: string, context: string): Promise<Rehearsal> {
  return call<Rehearsal>("POST", "/api/coach/rehearse", { draft, context });
}

export function RehearsePage() {
  const [draft, setDraft] = useState("");
  const [result, setResult] = useState<Rehearsal | null>(null);
  const deed = useDeed();
  function ask(context: string) {
    setResult(null);
    void deed.run(async () => setResult(await rehearse(draft.trim(), context)));
  }
  return (
    <div class="page narrow">
      <section class="card" aria-labelledby="rehearse-title">
        <h2 id="rehearse-title">Rehearse a draft</h2>
        <p class="hint">How it is likely to be taken, why, and how it could be said better.</p>
        <form onSubmit={(event) => ask(valuesOf(event)["context"] ?? "")}>
          <Field
            label="What you want to send"
            name="draft"
            multiline
            required
            maxLength={5000}
            value={draft}
            onInput={setDraft}
            deed={deed}
          />
          <Field label="For whom, and what it answers" name="context" multiline maxLength={5000} deed={deed} />
          <Failure text={deed.field === "" ? deed.error : ""} />
          <p class="buttons">
            <button type="submit" class="primary" disabled={deed.busy || draft.trim() === ""}>
              {deed.busy ? "Rehearsing…" : "Rehearse"}
            </button>
          </p>
        </form>
      </section>
      {deed.busy && <Waiting lines={4} label="Rehearsing" />}
      {result && (
        <section class="card" aria-label="How it is likely to be taken">
          <RehearsalResult result={result} onUse={setDraft} useLabel="Use as the draft" />
        </section>
      )}
    </div>
  );
}

interface RehearsalResultProps {
  result: Rehearsal;
  onUse: (text: string) => void;
  useLabel: string;
}

export function RehearsalResult({ result: r, onUse, useLabel }: RehearsalResultProps) {
  return (
    <div class="rehearsal" role="status">
      <p class="score" data-score={r.score < 4 ? "low" : r.score < 7 ? "middle" : "high"}>
        <strong>
          {r.score}
          <small> of 10</small>
        </strong>
        <meter min={0} max={10} low={4} high={7} optimum={10} value={r.score} aria-label={`${r.score} of 10`} />
      </p>
      {r.reasons.length > 0 && (
        <ul class="reasons">
          {r.reasons.map((reason) => (
            <li key={reason} dir="auto">
              {reason}
            </li>
          ))}
        </ul>
      )}
      {r.better && (
        <>
          <h3>Said better</h3>
          <blockquote class="better" dir="auto">
            {r.better}
          </blockquote>
          <p class="buttons">
            <button type="button" onClick={() => onUse(r.better)}>
              {useLabel}
            </button>
            <Copy text={r.better} />
          </p>
        </>
      )}
      <EngineLine engine={r.engine} notice={r.notice} />
    </div>
  );
}
