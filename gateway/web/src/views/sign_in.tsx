// Who is not signed in sees this, whatever the address; afterwards they are where they wanted to be.
import { useState } from "preact/hooks";
import { useDeed } from "../hooks.ts";
import { notice, receipt, register, signIn } from "../session.ts";
import { Failure, Field, PageTitle, valuesOf } from "./parts.tsx";
import { Receipt } from "./receipt.tsx";

export function SignIn() {
  const [isNew, setIsNew] = useState(false);
  const deed = useDeed();
  const title = isNew ? "Create your account" : "Sign in";

  function submit(event: Event) {
    const v = valuesOf(event);
    void deed.run(() =>
      isNew
        ? register(v["username"] ?? "", v["email"] ?? "", v["password"] ?? "")
        : signIn(v["username"] ?? "", v["password"] ?? ""),
    );
  }

  return (
    <main class="sign-in">
      <section class="card">
        <p class="brand">
          <img src="/icon.svg" alt="" width="40" height="40" /> Socializer
        </p>
        <PageTitle title={title}>{title}</PageTitle>
        <p class="lead">Talk with others, practise with a coach, and see how far you have come.</p>
        {receipt.value && <Receipt erasure={receipt.value} />}
        {notice.value && (
          <p class="note" role="status">
            {notice.value}
          </p>
        )}
        <form onSubmit={submit} key={title}>
          <Field
            label="User name"
            name="username"
            autocomplete="username"
            required
            maxLength={50}
            deed={deed}
            {...(isNew && { minLength: 3, hint: "3 to 50 letters, digits, _ . and -" })}
          />
          {isNew && <Field label="E-mail" name="email" type="email" autocomplete="email" required deed={deed} />}
          <Field
            label="Password"
            name="password"
            type="password"
            autocomplete={isNew ? "new-password" : "current-password"}
            required
            deed={deed}
            {...(isNew && { minLength: 8, hint: "At least 8 characters" })}
          />
          <Failure text={deed.field === "" ? deed.error : ""} />
          <button type="submit" class="primary wide" disabled={deed.busy}>
            {deed.busy ? "One moment…" : isNew ? "Create account" : "Sign in"}
          </button>
        </form>
        <p class="switch">
          {isNew ? "You have an account?" : "New here?"}{" "}
          <button type="button" class="link" onClick={() => setIsNew(!isNew)}>
            {isNew ? "Sign in" : "Create an account"}
          </button>
        </p>
      </section>
    </main>
  );
}
