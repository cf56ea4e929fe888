// Which page is shown: the address, and nothing else.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";

export const path = signal(location.pathname);

addEventListener("popstate", () => (path.value = location.pathname));

export function go(to: string): void {
  if (to === location.pathname) return;
  history.pushState(null, "", to);
  path.value = location.pathname;
  scrollTo(0, 0);
}

interface LinkProps {
  to: string;
  class?: string;
  label?: string;
  // Of the page itself, not of those below it.
  isExact?: boolean;
  // Whether it leads to where one is, when the address does not say.
  isCurrent?: boolean;
  children: ComponentChildren;
}

// A link that stays on the page; with a modifier key the browser does as always.
export function Link({ to, class: name, label, isExact, isCurrent, children }: LinkProps) {
  const here = isCurrent ?? (path.value === to || (!isExact && path.value.startsWith(`${to}/`)));
  return (
    <a
      href={to}
      class={name}
      aria-label={label}
      aria-current={here ? "page" : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
