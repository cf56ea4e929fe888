// Who has judged or written: the built-in coach, or a language model.
export function engineName(engine: string): string {
  return engine === "builtin" ? "the built-in coach" : `a language model (${engine})`;
}

export function EngineLine({ engine, notice }: { engine: string; notice: string }) {
  return (
    <>
      {notice && <p class="note">{notice}</p>}
      <p class="hint">By {engineName(engine)}. Nothing of this is kept.</p>
    </>
  );
}
