/** The sign-in page. Enters: ?next=, a path of this dashboard. */
import { useEffect, useState } from "preact/hooks";
import { signIn } from "../api.ts";
import { ErrorNote } from "../error-note.tsx";
import { type Place, visit } from "../place.ts";

export function SignInPage({ place }: { place: Place }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = "Sign in · bellrock";
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    await signIn(name, password)
      .then(() => visit(nextOf(place.search), { replace: true }))
      .catch(setError);
    setBusy(false);
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <h1>bellrock</h1>
        <p class="quiet">Sign in to see your sites.</p>
        <ErrorNote error={error} />
        <label>
          Name
          <input
            name="name"
            autocomplete="username"
            autocapitalize="none"
            required
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label>
          Password
          <input
            name="password"
            type="password"
            autocomplete="current-password"
            required
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary" disabled={busy}>
          Sign in
        </button>
        <p class="quiet">
          A first password is printed once, when <code>bellrock serve</code> starts for the first
          time.
        </p>
      </form>
    </main>
  );
}

/** Where to go after signing in: only ever a path of this dashboard. */
export function nextOf(search: string): string {
  const next = new URLSearchParams(search).get("next") ?? "/";
  // "//host" and "/\host" are other hosts to a browser.
  return /^\/(?![/\\])/.test(next) ? next : "/";
}
