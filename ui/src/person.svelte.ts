import { api, Refusal, Unreachable, type Me } from "./api/client";
import { match, speech } from "./words/words.svelte";

/** Who sits here. Nothing of it is kept in the browser: the server's cookie is all there is. */
class Person {
  me = $state<Me["person"]>();
  /** Whether the server has been asked who is signed in. */
  known = $state(false);
  /** Whether a session ended while the person was at work. */
  ended = $state(false);
  reachable = $state(true);

  async recognise(): Promise<void> {
    try {
      const { data } = await api.GET("/api/v1/me");
      if (data) this.#welcome(data);
    } catch (e) {
      if (!(e instanceof Refusal && e.status === 401)) this.failed(e);
    } finally {
      this.known = true;
    }
  }

  async signIn(login: string, password: string): Promise<void> {
    const { data } = await api.POST("/api/v1/session", { body: { login, password } });
    if (data) this.#welcome(data);
    this.ended = false;
  }

  async signOut(): Promise<void> {
    await api.DELETE("/api/v1/session");
    this.me = undefined;
  }

  /** Takes note of what a failure says about the session and the server, and gives it on when it says neither. */
  failed(e: unknown): void {
    if (e instanceof Unreachable) this.reachable = false;
    else if (e instanceof Refusal && e.status === 401) {
      this.ended = this.me !== undefined;
      this.me = undefined;
    } else throw e;
  }

  #welcome(me: Me): void {
    this.me = me.person;
    this.reachable = true;
    speech.language = match([me.person.language, ...navigator.languages]);
    document.documentElement.lang = speech.language;
  }
}

export const person = new Person();
