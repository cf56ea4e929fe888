// A small subset of Markdown as elements: code, bold, italic, links, lists, quotes. Never HTML: what somebody writes
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

type Kind = "ul" | "ol" | "quote" | "heading" | "text";

const beginnings: [Kind, RegExp][] = [
  ["ul", /^\s*[-*•]\s+(?=\S)/],
  ["ol", /^\s*\d{1,3}[.)]\s+(?=\S)/],
  ["quote", /^>\s?/],
  ["heading", /^#{1,6}\s+(?=\S)/],
];

interface Block {
  kind: Kind;
  lines: string[];
}

// Lines of one kind that follow each other.
function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  for (const paragraph of text.trim().split(/\n{2,}/)) {
    let block: Block = { kind: "text", lines: [] };
    for (const line of paragraph.split("\n")) {
      const [kind, pattern] = beginnings.find(([, p]) => p.test(line)) ?? (["text", /^/] as const);
      if (block.kind !== kind || block.lines.length === 0) {
        block = { kind, lines: [] };
        blocks.push(block);
      }
      block.lines.push(line.replace(pattern, ""));
    }
  }
  return blocks.filter((b) => b.lines.some((line) => line !== ""));
}

function elementOf({ kind, lines }: Block, key: string): JSX.Element {
  const items = () => lines.map((line, i) => <li key={i}>{inline(line)}</li>);
  if (kind === "ul") return <ul key={key} dir="auto">{items()}</ul>;
  if (kind === "ol") return <ol key={key} dir="auto">{items()}</ol>;
  const content = inline(lines.join("\n"));
  if (kind === "quote") return <blockquote key={key} dir="auto">{content}</blockquote>;
  return (
    <p key={key} dir="auto">
      {kind === "heading" ? <strong>{content}</strong> : content}
    </p>
  );
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
          blocksOf(part).map((block, j) => elementOf(block, `${i}.${j}`))
        ),
      )}
    </div>
  );
}
