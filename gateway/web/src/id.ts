// A random name for something that is sent, so that sending it again does not double it. Not
// crypto.randomUUID(): a page over plain HTTP, as in a home network, does not have that.
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
