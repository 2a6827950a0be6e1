/** An error as the API words it: its title, its detail, the field it names. */
import { useEffect } from "preact/hooks";
import { Problem, SignedOut } from "./api.ts";
import { visitSignIn } from "./place.ts";

export function ErrorNote({ error }: { error: Error | null }) {
  useEffect(() => {
    if (error instanceof SignedOut) visitSignIn();
  }, [error]);
  if (!error || error instanceof SignedOut) return null;
  const title = error instanceof Problem ? error.title : "This could not be shown";
  return (
    <div class="note alert" role="alert" data-test="problem">
      <strong>{title}.</strong> {error.message !== title && error.message}
      {error instanceof Problem && error.field && (
        <>
          {" "}
          <span class="quiet">
            Field: <code>{error.field}</code>
          </span>
        </>
      )}
    </div>
  );
}
