// A key that can be given and taken away, and is never shown.
import type { Deed } from "../hooks.ts";
import { Field } from "./parts.tsx";

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
