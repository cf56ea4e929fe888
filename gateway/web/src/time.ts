// Times as people read them, in their own zone and language.
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const short = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export function timeOf(iso: string | null): string {
  return iso ? clock.format(new Date(iso)) : "";
}

export function fullTime(iso: string | null): string {
  return iso ? full.format(new Date(iso)) : "";
}

export function dayOf(iso: string | null, now = new Date()): string {
  if (!iso) return "";
  const date = new Date(iso);
  const age = Math.round((midnight(now) - midnight(date)) / 86_400_000);
  if (age === 0) return "Today";
  if (age === 1) return "Yesterday";
  return (age < 300 ? day : dayOfYear).format(date);
}

// For lists: the time of today, the day of what is older.
export function shortTime(iso: string | null, now = new Date()): string {
  if (!iso) return "";
  const date = new Date(iso);
  return midnight(now) === midnight(date) ? clock.format(date) : short.format(date);
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
