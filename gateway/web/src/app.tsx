// The frame around every page: navigation, the state of the connection, and the page of the address.
import { effect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { announcement, start, stop, unreadTotal } from "./chat.ts";
import "./coach.ts";
import { useLoaded } from "./hooks.ts";
import { lazy } from "./lazy.tsx";
import { connection } from "./live.ts";
import { Link, path } from "./router.tsx";
import { me, resume } from "./session.ts";
import "./theme.ts";
import { Notices } from "./views/notices.tsx";
import { Failure, PageTitle, Waiting } from "./views/parts.tsx";
import { RoomsPage } from "./views/rooms.tsx";
import { SignIn } from "./views/sign_in.tsx";

const Admin = lazy("Administration", async () => (await import("./views/admin/page.tsx")).Admin);
const Coach = lazy("Coach", async () => (await import("./views/coach/page.tsx")).Coach);
const Progress = lazy("Progress", async () => (await import("./views/progress/page.tsx")).Progress);
const Settings = lazy("Settings", async () => (await import("./views/settings/page.tsx")).Settings);

let signedIn = 0;
effect(() => {
  const id = me.value?.id ?? 0;
  if (id === signedIn) return;
  if (signedIn) stop();
  signedIn = id;
  if (id) start(id);
});

const pages = [
  { to: "/rooms", icon: "M4 5h16v11H9l-5 4z", label: "Rooms" },
  { to: "/coach", icon: "M12 3l2.5 6.5L21 12l-6.5 2.5L12 21l-2.5-6.5L3 12l6.5-2.5z", label: "Coach" },
  { to: "/progress", icon: "M4 20V11h4v9zM10 20V4h4v16zM16 20v-6h4v6z", label: "Progress" },
  { to: "/settings", icon: "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4 20c0-4 4-6 8-6s8 2 8 6z", label: "Settings" },
];
const adminPage = { to: "/admin", icon: "M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6z", label: "Admin" };

function Navigation({ isAdmin }: { isAdmin: boolean }) {
  return (
    <nav class="main-nav" aria-label="Main">
      <p class="brand">
        <img src="/icon.svg" alt="" width="32" height="32" /> <span>Socializer</span>
      </p>
      <ul>
        {(isAdmin ? [...pages, adminPage] : pages).map((p) => (
          <li key={p.to}>
            <Link to={p.to}>
              <svg viewBox="0 0 24 24" aria-hidden="true">
                <path d={p.icon} />
              </svg>
              <span>{p.label}</span>
              {p.to === "/rooms" && unreadTotal.value > 0 && (
                <span class="badge">
                  {unreadTotal.value > 99 ? "99+" : unreadTotal.value}
                  <span class="hidden"> unread</span>
                </span>
              )}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

// Only after a moment: a connection that is back at once needs no banner.
function ConnectionBanner() {
  const [isLate, setIsLate] = useState(false);
  const isOpen = connection.value === "open";
  useEffect(() => {
    setIsLate(false);
    if (isOpen) return;
    const timer = setTimeout(() => setIsLate(true), 1500);
    return () => clearTimeout(timer);
  }, [isOpen]);
  return (
    <div role="status" class="connection" data-state={connection.value}>
      {isLate && !isOpen ? (
        <p>Connecting… What you write is kept and sent when the connection is back.</p>
      ) : null}
    </div>
  );
}

function Page({ isAdmin }: { isAdmin: boolean }) {
  const [, first, second, third] = path.value.split("/");
  switch (first) {
    case "":
    case "rooms":
      return <RoomsPage roomId={Number(second) || 0} seq={Number(third) || 0} />;
    case "coach":
      return <Coach />;
    case "progress":
      return <Progress />;
    case "settings":
      return <Settings />;
    case "admin":
      if (isAdmin) return <Admin />;
  }
  return (
    <main class="page">
      <PageTitle title="Not found">There is no such page</PageTitle>
      <p>
        <Link to="/rooms">To the rooms</Link>
      </p>
    </main>
  );
}

export function App() {
  const opening = useLoaded("opening", resume);
  useEffect(() => {
    if (me.value && location.pathname === "/") {
      history.replaceState(null, "", "/rooms");
      path.value = "/rooms";
    }
  }, [me.value, path.value]);

  if (me.value === undefined)
    return <main class="page">{opening.error ? <Failure text={opening.error} retry={() => void opening.reload()} /> : <Waiting />}</main>;
  if (me.value === null) return <SignIn />;
  const isAdmin = me.value.role === "admin";
  return (
    <div class="shell">
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          document.querySelector<HTMLElement>("main h1")?.focus();
        }}
      >
        Skip to the content
      </a>
      <Navigation isAdmin={isAdmin} />
      <div class="content" id="content">
        <ConnectionBanner />
        <Page isAdmin={isAdmin} />
      </div>
      <Notices />
      <div class="hidden" role="log" aria-live="polite" aria-label="New messages">
        {announcement.value}
      </div>
    </div>
  );
}
