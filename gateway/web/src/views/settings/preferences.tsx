// What is remembered of the user as preferences: seen, set and deleted.
import { useState } from "preact/hooks";
import { ApiError, call, enc } from "../../api.ts";
import { useDeed, useLoaded } from "../../hooks.ts";
import { shortTime } from "../../time.ts";
import type { Preference } from "../../wire.ts";
import { Confirm, Empty, Failure, Field, Time, Waiting, valuesOf } from "../parts.tsx";

export function PreferencesPart() {
  const list = useLoaded("preferences", async () => (await call<{ preferences: Preference[] }>("GET", "/api/users/me/preferences")).preferences);
  const types = Array.from(new Set(list.data?.map((p) => p.type)));
  const reload = () => void list.reload();
  return (
    <>
      <section class="card" aria-labelledby="preferences-title">
        <h2 id="preferences-title">Preferences</h2>
        <p class="hint">What the app and your programs remember of what you like.</p>
        <Failure text={list.error} retry={reload} />
        {!list.data && !list.error && <Waiting lines={4} />}
        {list.data?.length === 0 && <Empty>There are none.</Empty>}
        {types.map((type) => (
          <section key={type} class="group" aria-label={type}>
            <h3 dir="auto">{type}</h3>
            <ul class="rows">
              {list.data
                ?.filter((p) => p.type === type)
                .map((p) => (
                  <Row key={p.key} preference={p} onChange={reload} />
                ))}
            </ul>
          </section>
        ))}
        {(list.data?.length ?? 0) > 0 && <DeleteAll onDone={reload} />}
      </section>
      <SetForm onDone={reload} />
    </>
  );
}

function Row({ preference: p, onChange }: { preference: Preference; onChange: () => void }) {
  const deed = useDeed();
  async function remove() {
    await call("DELETE", `/api/users/me/preferences/${enc(p.type)}/${enc(p.key)}`);
    onChange();
  }
  return (
    <li class="row">
      <span class="row-text">
        <span dir="auto">
          <strong>{p.key}</strong>: <code>{JSON.stringify(p.value)}</code>
        </span>
        <span class="hint">
          {Math.round(p.confidence * 100)} % sure · <Time iso={p.updated_at} text={shortTime(p.updated_at)} />
        </span>
        <Failure text={deed.error} />
      </span>
      <button type="button" class="small" disabled={deed.busy} onClick={() => deed.run(remove)}>
        Delete
        <span class="hidden">
          {" "}
          {p.type} {p.key}
        </span>
      </button>
    </li>
  );
}

// Any JSON; what is none is taken as a text.
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function SetForm({ onDone }: { onDone: () => void }) {
  const deed = useDeed();
  async function save(v: Record<string, string>, form: HTMLFormElement) {
    const [type, key] = [v["type"]?.trim() ?? "", v["key"]?.trim() ?? ""];
    if (type === "." || type === ".." || key === "." || key === "..")
      throw new ApiError("INVALID_ARGUMENT", "A name cannot be only dots.", 0, "key");
    const body = { value: valueOf(v["value"] ?? ""), confidence: Number(v["confidence"]) / 100 };
    await call("PUT", `/api/users/me/preferences/${enc(type)}/${enc(key)}`, body);
    form.reset();
    onDone();
  }
  return (
    <section class="card" aria-labelledby="set-title">
      <h2 id="set-title">Set one</h2>
      <form
        onSubmit={(event) => {
          const form = event.currentTarget;
          const v = valuesOf(event);
          void deed.run(() => save(v, form));
        }}
      >
        <Field label="Type" name="type" required maxLength={64} hint="As communication or interface" deed={deed} />
        <Field label="Name" name="key" required maxLength={128} deed={deed} />
        <Field label="Value" name="value" required maxLength={16384} hint="A text, or any JSON" deed={deed} />
        <Field label="How sure, in per cent" name="confidence" type="number" min={0} max={100} defaultValue="100" deed={deed} />
        <Failure text={deed.field === "" ? deed.error : ""} />
        <p class="buttons">
          <button type="submit" disabled={deed.busy}>
            Set
          </button>
        </p>
      </form>
    </section>
  );
}

function DeleteAll({ onDone }: { onDone: () => void }) {
  const [asks, setAsks] = useState(false);
  async function remove() {
    await call("DELETE", "/api/users/me/preferences");
    onDone();
  }
  return (
    <p class="buttons">
      <button type="button" class="small danger" onClick={() => setAsks(true)}>
        Delete all
      </button>
      {asks && (
        <Confirm title="Delete all preferences?" word="Delete all" onDo={remove} onClose={() => setAsks(false)}>
          All of them are deleted for good, also those that programs of yours have set.
        </Confirm>
      )}
    </p>
  );
}
