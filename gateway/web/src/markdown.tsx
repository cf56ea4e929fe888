// A small subset of Markdown as elements: code, bold, italic, links. Never HTML: what somebody writes
// reaches the page as text, or as one of the elements below.
import type { ComponentChildren, JSX } from "preact";

interface Rule {
  pattern: RegExp;
  element: (match: RegExpExecArray) => JSX.Element;
}

const rules: Rule[] = [
  { pattern: /`([^`\n]+)`/, element: (m) => <code>{m[1]}</code> },
  { pattern: /\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)/, element: (m) => link(m[2] ?? "", m[1] ?? "") },
  { pattern: /https?:\/\/[^\s<>"]*[^\s<>".,;:!?)'\]]/, element: (m) => link(m[0], m[0]) },
  { pattern: /\*\*(?=\S)([^\n]*?\S)\*\*/, element: (m) => <strong>{inline(m[1] ?? "")}</strong> },
  { pattern: /(?<![\w*])\*(?=[^\s*])([^*\n]*?[^\s*])\*(?![\w*])/, element: (m) => <em>{inline(m[1] ?? "")}</em> },
  { pattern: /(?<!\w)_(?=[^\s_])([^_\n]*?[^\s_])_(?!\w)/, element: (m) => <em>{inline(m[1] ?? "")}</em> },
];

function link(address: string, text: string): JSX.Element {
  // The patterns allow http and https only; what does not parse stays text.
  if (!URL.canParse(address)) return <>{text}</>;
  return (
    <a href={address} rel="noopener noreferrer" target="_blank">
      {text}
    </a>
  );
}

function inline(text: string): ComponentChildren[] {
  const parts: ComponentChildren[] = [];
  let rest = text;
  while (rest !== "") {
    let first: { match: RegExpExecArray; rule: Rule } | null = null;
    for (const rule of rules) {
      const match = rule.pattern.exec(rest);
      if (match && (!first || match.index < first.match.index)) first = { match, rule };
    }
    if (!first) break;
    if (first.match.index > 0) parts.push(rest.slice(0, first.match.index));
    parts.push(first.rule.element(first.match));
    rest = rest.slice(first.match.index + first.match[0].length);
  }
  if (rest !== "") parts.push(rest);
  return parts;
}

// Paragraphs keep their line breaks (by style sheet); ``` fences a block of code.
export function Markdown({ text }: { text: string }) {
  return (
    <div class="markdown" dir="auto">
      {text.split(/```(?:\w*\n)?/).map((part, i) =>
        i % 2 === 1 ? (
          <pre key={i} tabIndex={0}>
            <code>{part.replace(/\n$/, "")}</code>
          </pre>
        ) : (
          part
            .trim()
            .split(/\n{2,}/)
            .filter((p) => p !== "")
            .map((paragraph, j) => (
              <p key={`${i}.${j}`} dir="auto">
                {inline(paragraph)}
              </p>
            ))
        ),
      )}
    </div>
  );
}
