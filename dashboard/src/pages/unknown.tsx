/** Addresses that lead nowhere. */
import type { Site } from "../api.ts";
import { Link } from "../link.tsx";

export function UnknownPage() {
  return (
    <section class="empty">
      <h1>There is no such page</h1>
      <p>
        <Link href="/overview">Go to the overview</Link>
      </p>
    </section>
  );
}

export function UnknownSite({ name, all }: { name: string | null; all: readonly Site[] }) {
  return (
    <section class="empty" data-test="unknown-site">
      <h1>No site {name} here</h1>
      <p>It does not exist, or you have no right to see it. You can see:</p>
      <ul>
        {all.map(({ key }) => (
          <li key={key}>
            <Link href={`/overview?site=${encodeURIComponent(key)}`}>{key}</Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
