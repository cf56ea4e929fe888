// How the coach speaks, and which engine it is for this user.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { useDeed } from "../../hooks.ts";
import { me } from "../../session.ts";
import type { CoachSettings, User } from "../../wire.ts";
import { EngineSettings, KeyField, useChanges, type EngineFormProps } from "../engine_settings.tsx";
import { Check, Done, Failure, Field, valuesOf } from "../parts.tsx";

const PATH = "/api/coach/settings";

export function CoachPart() {
  return (
    <>
      <Temperature />
      <EngineSettings path={PATH} Form={EngineForm} />
    </>
  );
}

function Temperature() {
  const deed = useDeed();
  const [value, setValue] = useState(me.value?.temperature ?? 0.7);
  const [isDone, setIsDone] = useState(false);
  async function save(temperature: number) {
    me.value = await call<User>("PUT", "/api/users/me/temperature", { temperature });
    setIsDone(true);
  }
  return (
    <section class="card" aria-labelledby="temperature-title">
      <h2 id="temperature-title">How it speaks</h2>
      <label class="measure">
        <span>
          Temperature <strong>{value.toFixed(1)}</strong>
        </span>
        <input
          type="range"
          min={0}
          max={2}
          step={0.1}
          value={value}
          aria-describedby="temperature-hint"
          onInput={(e) => {
            setIsDone(false);
            setValue(Number(e.currentTarget.value));
          }}
          onChange={(e) => {
            const temperature = Number(e.currentTarget.value);
            void deed.run(() => save(temperature));
          }}
        />
      </label>
      <p class="hint" id="temperature-hint">
        How adventurous its words are: 0 is plain, 2 is daring. <Done isDone={isDone} />
      </p>
      <Failure text={deed.error} />
    </section>
  );
}

function EngineForm({ settings: s, engines, onSaved }: EngineFormProps<CoachSettings>) {
  const { deed, isDone, patch } = useChanges(PATH, onSaved);
  const [provider, setProvider] = useState(s.provider);
  // Of the built-in coach there is nothing to set; of the server's there may be a key of one's own.
  const isRemote = provider === "" || engines.find((e) => e.name === provider)?.is_remote === true;
  function save(v: Record<string, string>, form: HTMLFormElement) {
    const changes: Partial<CoachSettings> & { api_key?: string } = {
      provider,
      language: v["language"] ?? "",
      remote_evaluation: v["remote_evaluation"] === "on",
    };
    if (isRemote) {
      if (v["endpoint"] !== s.endpoint) changes.endpoint = v["endpoint"] ?? "";
      changes.model = v["model"] ?? "";
      if (v["api_key"]) changes.api_key = v["api_key"];
    }
    patch(changes, form);
  }
  return (
    <section class="card" aria-labelledby="engine-title">
      <h2 id="engine-title">Which engine</h2>
      <form onSubmit={(event) => save(valuesOf(event), event.currentTarget)}>
        <div class="field">
          <label for="provider">Engine</label>
          <select id="provider" name="provider" value={provider} onChange={(e) => setProvider(e.currentTarget.value)}>
            <option value="">The server's</option>
            {engines.map((e) => (
              <option key={e.name} value={e.name}>
                {e.name === "builtin" ? "The built-in coach: nothing leaves the server" : `A language model (${e.name})`}
              </option>
            ))}
          </select>
          {deed.field === "provider" && <span class="field-error">{deed.error}</span>}
        </div>
        {isRemote && (
          <>
            <Field
              label="Endpoint"
              name="endpoint"
              type="url"
              maxLength={512}
              defaultValue={s.endpoint}
              hint="Empty: the server's. Which ones may be set, administrators say."
              deed={deed}
            />
            <Field label="Model" name="model" maxLength={128} defaultValue={s.model} hint="Empty: the server's" deed={deed} />
            <KeyField hasKey={s.has_api_key} deed={deed} onRemove={() => patch({ api_key: "" })} />
          </>
        )}
        <Field
          label="Language of its answers"
          name="language"
          maxLength={35}
          defaultValue={s.language}
          hint='As "de" or "pt-BR"; empty: that of what you ask'
          deed={deed}
        />
        <Check
          name="remote_evaluation"
          label="Let it evaluate what I write"
          hint="Off: the built-in coach does, and what you say in rooms does not leave the server for it."
          isChecked={s.remote_evaluation}
        />
        <Failure text={["endpoint", "model", "api_key", "language", "provider"].includes(deed.field) ? "" : deed.error} />
        <p class="buttons">
          <button type="submit" disabled={deed.busy}>
            Save
          </button>
          <Done isDone={isDone} />
        </p>
      </form>
    </section>
  );
}
