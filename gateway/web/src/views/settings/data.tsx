// What there is of the user: taking it along, seeing what was told to engines, and deleting it.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { Confirm, Done } from "../parts.tsx";
import { DeleteAccount } from "./delete_account.tsx";
import { Ledger } from "./ledger.tsx";

export function DataPart() {
  return (
    <>
      <section class="card" aria-labelledby="export-title">
        <h2 id="export-title">Take your data along</h2>
        <p class="hint">Everything of yours as one JSON document: profile, conversations, messages, levels, trainings, sessions.</p>
        <p class="buttons">
          <a class="button" href="/api/users/me/export" download="socializer-export.json">
            Download
          </a>
        </p>
      </section>
      <Ledger />
      <Conversations />
      <DeleteAccount />
    </>
  );
}

function Conversations() {
  const [asks, setAsks] = useState(false);
  const [isDone, setIsDone] = useState(false);
  async function remove() {
    await call("DELETE", "/api/users/me/messages");
    setIsDone(true);
  }
  return (
    <section class="card" aria-labelledby="conversations-title">
      <h2 id="conversations-title">Conversations with the coach</h2>
      <p class="hint">They are sealed with a key of your own; nobody else reads them.</p>
      <p class="buttons">
        <button type="button" class="danger" onClick={() => setAsks(true)}>
          Delete all conversations
        </button>
        <Done isDone={isDone} text="Deleted" />
      </p>
      {asks && (
        <Confirm title="Delete all conversations?" word="Delete all" onDo={remove} onClose={() => setAsks(false)}>
          The coach forgets everything you have talked about, for good.
        </Confirm>
      )}
    </section>
  );
}
