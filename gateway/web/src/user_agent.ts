// What a browser calls itself, as people would say it.
const browsers: [RegExp, string][] = [
  [/Edg(e|A|iOS)?\//, "Edge"],
  [/OPR\//, "Opera"],
  [/SamsungBrowser\//, "Samsung Internet"],
  [/(Firefox|FxiOS)\//, "Firefox"],
  [/(Chrome|CriOS|Chromium)\//, "Chrome"],
  [/Safari\//, "Safari"],
];

const systems: [RegExp, string][] = [
  [/Android/, "Android"],
  [/iPhone|iPad|iPod/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

export function clientName(client: string): string {
  // Not a browser: it says in its own words what it is.
  if (!client.startsWith("Mozilla/")) return client;
  const browser = browsers.find(([p]) => p.test(client))?.[1] ?? "A browser";
  const system = systems.find(([p]) => p.test(client))?.[1];
  return system ? `${browser} on ${system}` : browser;
}
