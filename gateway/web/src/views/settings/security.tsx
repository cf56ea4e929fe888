// The password, and where one is signed in.
import { PasswordForm } from "./password.tsx";
import { Sessions } from "./sessions.tsx";

export function SecurityPart() {
  return (
    <>
      <PasswordForm />
      <Sessions />
    </>
  );
}
