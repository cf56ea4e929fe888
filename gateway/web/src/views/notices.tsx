// Notices over the page; they go by themselves, or when they are told to.
import { dismiss, notices } from "../notices.ts";
import { Link } from "../router.tsx";

export function Notices() {
  return (
    <div class="notices" role="status">
      {notices.value.map((n) => (
        <div key={n.id} class={n.isMilestone ? "notice milestone" : "notice"}>
          <p dir="auto">{n.text}</p>
          <span onClick={() => dismiss(n.id)}>
            <Link to={n.to}>See why</Link>
          </span>
          <button type="button" class="icon" aria-label="Dismiss" onClick={() => dismiss(n.id)}>
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
