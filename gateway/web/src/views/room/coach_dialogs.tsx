// The coach beside a conversation: a draft before it is sent, a message that is not clear.
import { useEffect, useState } from "preact/hooks";
import { useDeed } from "../../hooks.ts";
import type { Clarified, Rehearsal } from "../../wire.ts";
import { ClarifiedResult, LanguageField, clarify } from "../coach/clarify.tsx";
import { RehearsalResult, rehearse } from "../coach/rehearse.tsx";
import { Dialog, Failure, Waiting, valuesOf } from "../parts.tsx";

interface RehearseDialogProps {
  draft: string;
  context: string;
  onUse: (text: string) => void;
  onClose: () => void;
}

export function RehearseDialog({ draft, context, onUse, onClose }: RehearseDialogProps) {
  const [result, setResult] = useState<Rehearsal | null>(null);
  const deed = useDeed();
  const ask = () => void deed.run(async () => setResult(await rehearse(draft, context)));
  useEffect(ask, []);
  return (
    <Dialog title="How it is likely to be taken" onClose={onClose}>
      <blockquote class="better" dir="auto">
        {draft}
      </blockquote>
      <Failure text={deed.error} retry={ask} />
      {deed.busy && <Waiting lines={4} label="Rehearsing" />}
      {result && (
        <RehearsalResult
          result={result}
          useLabel="Use this wording"
          onUse={(text) => {
            onUse(text);
            onClose();
          }}
        />
      )}
    </Dialog>
  );
}

export function ClarifyDialog({ text, onClose }: { text: string; onClose: () => void }) {
  const [result, setResult] = useState<Clarified | null>(null);
  const deed = useDeed();
  return (
    <Dialog title="Say it more clearly, or translate it" onClose={onClose}>
      <form
        class="inline"
        onSubmit={(event) => {
          const v = valuesOf(event);
          setResult(null);
          void deed.run(async () => setResult(await clarify(text, v["language"] ?? "")));
        }}
      >
        <LanguageField />
        <button type="submit" class="primary" disabled={deed.busy}>
          Make it clearer
        </button>
      </form>
      <Failure text={deed.error} />
      {deed.busy && <Waiting lines={3} label="Reading" />}
      {result && <ClarifiedResult result={result} />}
    </Dialog>
  );
}
