// A page in parts, each with an address of its own; the first is at that of the page.
import type { ComponentType } from "preact";
import { Link, path } from "../router.tsx";
import { PageTitle } from "./parts.tsx";

interface PartsPageProps {
  title: string;
  to: string;
  width: "narrow" | "wide";
  // name: in the address; the first one has none.
  parts: { name: string; label: string; Part: ComponentType }[];
}

export function PartsPage({ title, to, width, parts }: PartsPageProps) {
  const name = path.value.split("/")[2] ?? "";
  const { Part } = parts.find((p) => p.name === name) ?? parts[0]!;
  return (
    <main class={`page ${width}`}>
      <PageTitle title={title}>{title}</PageTitle>
      <nav class="parts scrolls" aria-label={title}>
        {parts.map((p) => (
          <Link key={p.name} to={p.name ? `${to}/${p.name}` : to} isExact>
            {p.label}
          </Link>
        ))}
      </nav>
      <Part key={name} />
    </main>
  );
}
