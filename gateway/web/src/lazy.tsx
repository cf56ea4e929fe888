// Pages whose script is loaded when they are first looked at, so that the first visit is quick.
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { Failure, PageTitle, Waiting } from "./views/parts.tsx";

// title: what stands above the page until it is there.
export function lazy(title: string, load: () => Promise<ComponentType>): ComponentType {
  const page = signal<ComponentType | null>(null);
  const error = signal("");
  let isAsked = false;
  function ask() {
    isAsked = true;
    load().then(
      (loaded) => (page.value = loaded),
      // Offline; or the server has a newer app, and no longer this one's files.
      () => (error.value = "This page could not be loaded. Check your connection."),
    );
  }
  return function Lazy() {
    if (!isAsked) ask();
    if (page.value) return <page.value />;
    return (
      <main class="page">
        <PageTitle title={title}>{title}</PageTitle>
        {error.value ? <Failure text={error.value} retry={() => location.reload()} /> : <Waiting lines={6} />}
      </main>
    );
  };
}
