// What engines were told of the user, text by text.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { useDeed, useLoaded } from "../../hooks.ts";
import { shortTime } from "../../time.ts";
import type { Disclosure } from "../../wire.ts";
import { Empty, Failure, Time, Waiting } from "../parts.tsx";

interface Page {
  disclosures: Disclosure[];
  next_page_token: string;
}

const tasks: Record<NonNullable<Disclosure["task"]>, string> = {
  chat: "a question of yours",
  evaluate: "an evaluation",
  rehearse: "a rehearsal",
  clarify: "a text to make clearer",
  room: "an answer in a room",
};

function askPage(token: string): Promise<Page> {
  return call<Page>("GET", `/api/coach/ledger?page_size=20&page_token=${token}`);
}

export function Ledger() {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <section class="card" aria-labelledby="ledger-title">
      <h2 id="ledger-title">What the coach was told of you</h2>
      <p class="hint">Each time an engine is asked, what it is told is written down first. Only you can read it.</p>
      {isOpen ? (
        <Entries />
      ) : (
        <p class="buttons">
          <button type="button" onClick={() => setIsOpen(true)}>
            Show
          </button>
        </p>
      )}
    </section>
  );
}

function Entries() {
  const list = useLoaded("ledger", () => askPage(""));
  const deed = useDeed();
  const data = list.data;
  async function more() {
    if (!data) return;
    const page = await askPage(data.next_page_token);
    list.set({ ...page, disclosures: [...data.disclosures, ...page.disclosures] });
  }
  async function remove() {
    await call("DELETE", "/api/coach/ledger");
    await list.reload();
  }
  return (
    <>
      <Failure text={list.error} retry={() => void list.reload()} />
      {!data && !list.error && <Waiting lines={4} />}
      {data?.disclosures.length === 0 && <Empty>Nothing yet.</Empty>}
      <ul class="rows">
        {data?.disclosures.map((d) => (
          <Entry key={d.id} disclosure={d} />
        ))}
      </ul>
      <Failure text={deed.error} />
      {data && data.disclosures.length > 0 && (
        <p class="buttons">
          {data.next_page_token && (
            <button type="button" disabled={deed.busy} onClick={() => deed.run(more)}>
              Older ones
            </button>
          )}
          <button type="button" class="danger" disabled={deed.busy} onClick={() => deed.run(remove)}>
            Delete all
          </button>
        </p>
      )}
    </>
  );
}

function Entry({ disclosure: d }: { disclosure: Disclosure }) {
  const engine = d.engine === "builtin" ? "the built-in coach" : [d.engine, d.model, d.endpoint].filter(Boolean).join(" · ");
  return (
    <li class="row">
      <details class="row-text">
        <summary>
          For {d.task ? tasks[d.task] : "something"}, <Time iso={d.created_at} text={shortTime(d.created_at)} />
          <span class="hint"> to {engine}</span>
        </summary>
        {d.profile && (
          <pre tabIndex={0}>
            <code>{d.profile}</code>
          </pre>
        )}
        <ol class="said">
          {d.texts.map((t, i) => (
            <li key={i}>
              <span class="hint">{t.role === "assistant" ? "The coach" : "You"}:</span> <span dir="auto">{t.text}</span>
            </li>
          ))}
        </ol>
      </details>
    </li>
  );
}
