// A new master key in the place of the old one.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { Confirm } from "../parts.tsx";

export function MasterKey() {
  const [asks, setAsks] = useState(false);
  const [done, setDone] = useState("");
  async function rotate() {
    setDone("");
    const { keys } = await call<{ keys: number }>("POST", "/api/admin/rotate-master-key");
    setDone(`${keys === 1 ? "1 key is" : `${keys.toLocaleString()} keys are`} sealed with the new one. Back up master.key now.`);
  }
  return (
    <section class="card" aria-labelledby="key-title">
      <h2 id="key-title">The master key</h2>
      <p class="hint">It seals what people say to the coach. Make a new one when somebody may have seen it.</p>
      <p class="buttons">
        <button type="button" class="danger" onClick={() => setAsks(true)}>
          Rotate the master key
        </button>
        <span role="status" class="done">
          {done}
        </span>
      </p>
      {asks && (
        <Confirm title="Rotate the master key?" word="Rotate" onDo={rotate} onClose={() => setAsks(false)}>
          A new key is made, the keys of all users are sealed with it, and the old one is dropped. Conversations stay as they are.{" "}
          <strong>Back up the new master.key in the service's data folder at once, apart from the database:</strong> without it all private
          conversations are lost. Keep the copy of the old one as long as there are backups of before, which need it.
        </Confirm>
      )}
    </section>
  );
}
