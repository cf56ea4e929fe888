// What setting an engine takes, be it the user's own or the server's.
import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api.ts";
import { useDeed, useLoaded, type Deed } from "../hooks.ts";
import type { Engine } from "../wire.ts";
import { Failure, Field, Waiting } from "./parts.tsx";

export interface EngineFormProps<Settings> {
  settings: Settings;
  engines: Engine[];
  onSaved: (settings: Settings) => void;
}

// The form, as soon as it is known what is set and what there is.
export function EngineSettings<Settings>({ path, Form }: { path: string; Form: ComponentType<EngineFormProps<Settings>> }) {
  const all = useLoaded<{ settings: Settings; engines: Engine[] }>(path, async () => {
    const [settings, { engines }] = await Promise.all([call<Settings>("GET", path), call<{ engines: Engine[] }>("GET", "/api/coach/engines")]);
    return { settings, engines };
  });
  const data = all.data;
  return (
    <>
      <Failure text={all.error} retry={() => void all.reload()} />
      {!data && !all.error && <Waiting lines={8} />}
      {data && <Form {...data} onSaved={(settings) => all.set({ ...data, settings })} />}
    </>
  );
}

export function useChanges<Settings>(path: string, onSaved: (settings: Settings) => void) {
  const deed = useDeed();
  const [isDone, setIsDone] = useState(false);
  function patch(changes: object, form?: HTMLFormElement) {
    setIsDone(false);
    void deed.run(async () => {
      onSaved(await call<Settings>("PATCH", path, changes));
      setIsDone(true);
      // A key that has been taken is shown no more, nor sent once more.
      for (const input of form?.querySelectorAll<HTMLInputElement>('input[type="password"]') ?? []) input.value = "";
    });
  }
  return { deed, isDone, patch };
}

// A key that can be given and taken away, and is never shown.
export function KeyField({ hasKey, deed, onRemove }: { hasKey: boolean; deed: Deed; onRemove: () => void }) {
  return (
    <div class="field">
      <Field
        label={hasKey ? "New API key" : "API key"}
        name="api_key"
        type="password"
        autocomplete="off"
        maxLength={512}
        hint={hasKey ? "There is one; it is never shown. Empty keeps it." : "Sealed when it is kept, and never shown."}
        deed={deed}
      />
      {hasKey && (
        <p class="buttons">
          <button type="button" class="small" disabled={deed.busy} onClick={onRemove}>
            Remove the key
          </button>
        </p>
      )}
    </div>
  );
}
