// The coach of everybody who has not chosen otherwise, and what users may choose.
import type { CoachServerSettings } from "../../wire.ts";
import { EngineSettings, KeyField, useChanges, type EngineFormProps } from "../engine_settings.tsx";
import { Check, Choice, Done, Failure, Field, valuesOf } from "../parts.tsx";

const PATH = "/api/admin/coach/settings";

type Changes = Partial<Omit<CoachServerSettings, "allowed_endpoints">> & { api_key?: string; allowed_endpoints?: { items: string[] } };

export function CoachPart() {
  return <EngineSettings path={PATH} Form={Form} />;
}

function Form({ settings: s, engines, onSaved }: EngineFormProps<CoachServerSettings>) {
  const { deed, isDone, patch } = useChanges(PATH, onSaved);
  function save(v: Record<string, string>, form: HTMLFormElement) {
    const changes: Changes = {
      provider: v["provider"] ?? "",
      model: v["model"] ?? "",
      allowed_endpoints: { items: (v["allowed_endpoints"] ?? "").split(/\s+/).filter((e) => e !== "") },
      allow_private: v["allow_private"] === "on",
      requests_per_minute: Number(v["requests_per_minute"]),
      context_bytes: Number(v["context_bytes"]),
    };
    // A new endpoint drops the key, so one that stays is not said.
    if (v["endpoint"] !== s.endpoint) changes.endpoint = v["endpoint"] ?? "";
    if (v["api_key"]) changes.api_key = v["api_key"];
    patch(changes, form);
  }
  return (
    <section class="card" aria-labelledby="server-coach-title">
      <h2 id="server-coach-title">The coach of the server</h2>
      <form onSubmit={(event) => save(valuesOf(event), event.currentTarget)}>
        <Choice
          label="Engine"
          name="provider"
          chosen={s.provider || "builtin"}
          options={engines.map((e): [string, string] => [e.name, e.is_remote ? `A language model (${e.name})` : "The built-in coach"])}
        />
        <Field
          label="Endpoint"
          name="endpoint"
          type="url"
          maxLength={512}
          defaultValue={s.endpoint}
          hint="As http://127.0.0.1:11434/v1. A new one drops the key."
          deed={deed}
        />
        <Field label="Model" name="model" maxLength={128} defaultValue={s.model} deed={deed} />
        <KeyField hasKey={s.has_api_key} deed={deed} onRemove={() => patch({ api_key: "" })} />
        <Field
          label="Endpoints that users may set"
          name="allowed_endpoints"
          multiline
          defaultValue={s.allowed_endpoints.join("\n")}
          hint="Their beginnings, one a line; none: users may set none"
          deed={deed}
        />
        <Check name="allow_private" label="Also in this machine or its network" isChecked={s.allow_private} />
        <Field
          label="Questions of one user a minute"
          name="requests_per_minute"
          type="number"
          min={1}
          max={6000}
          defaultValue={String(s.requests_per_minute)}
          required
          deed={deed}
        />
        <Field
          label="Bytes of the conversation that go along"
          name="context_bytes"
          type="number"
          min={0}
          max={262144}
          defaultValue={String(s.context_bytes)}
          required
          deed={deed}
        />
        <Failure text={deed.field === "" || deed.field === "provider" ? deed.error : ""} />
        <p class="buttons">
          <button type="submit" class="primary" disabled={deed.busy}>
            Save
          </button>
          <Done isDone={isDone} />
        </p>
      </form>
    </section>
  );
}
