// Where the coach is asked. Enter asks, Shift+Enter begins a new line.
import { useEffect, useRef } from "preact/hooks";

interface AskFormProps {
  draft: string;
  onDraft: (text: string) => void;
  // False: it was not asked, and stays to be asked again.
  onAsk: (question: string) => boolean;
  // null: nothing comes that could be stopped.
  onStop: (() => void) | null;
}

export function AskForm({ draft, onDraft, onAsk, onStop }: AskFormProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const question = draft.trim();
  useEffect(() => {
    if (draft !== "" && document.activeElement !== area.current) area.current?.focus();
  }, [draft]);
  function submit() {
    if (question === "" || onStop || !onAsk(question)) return;
    onDraft("");
    area.current?.focus();
  }
  return (
    <form
      class="composer"
      onSubmit={(e) => {
        e.preventDefault();
        submit();
      }}
    >
      <div class="composer-row">
        <textarea
          ref={area}
          dir="auto"
          rows={1}
          maxLength={5000}
          value={draft}
          placeholder="Ask the coach"
          aria-label="Message to the coach"
          onInput={(e) => onDraft(e.currentTarget.value)}
          onKeyDown={(e) => {
            if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
            e.preventDefault();
            submit();
          }}
        />
        {onStop ? (
          <button type="button" onClick={onStop}>
            Stop
          </button>
        ) : (
          <button type="submit" class="primary" disabled={question === ""}>
            Ask
          </button>
        )}
      </div>
    </form>
  );
}
