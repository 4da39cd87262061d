import createClient, { type Middleware } from "openapi-fetch";

import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Asset = Schemas["Asset"];
export type Hits = Schemas["Hits"];
export type Me = Schemas["Me"];
export type Describe = Schemas["Describe"];

/** What the server said when it refused: words for the person, a code for whoever helps them. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Seconds until trying again makes sense; 0 when nothing was said. */
    readonly after: number,
  ) {
    super(message);
  }
}

/** The server could not be asked. */
export class Unreachable extends Error {}

async function refusal(response: Response): Promise<Refusal> {
  const problem = (await response.json().catch(() => ({}))) as { detail?: string; reason?: string };
  return new Refusal(
    response.status,
    problem.reason ?? String(response.status),
    problem.detail ?? "",
    Number(response.headers.get("Retry-After")) || 0,
  );
}

const judge: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw await refusal(response);
  },
  onError({ error }) {
    return error instanceof DOMException && error.name === "AbortError" ? undefined : new Unreachable(undefined, { cause: error });
  },
};

/** The whole API with the types of its own description. Whatever is not a success is thrown as a Refusal or Unreachable. */
export const api = createClient<paths>({ baseUrl: "/", querySerializer: { array: { style: "form", explode: false } } });
api.use(judge);

/** Where a picture is shown from, in a size that the grid or the loupe asks for. */
export const image = (asset: Pick<Asset, "id">, kind: "thumb-256" | "teaching-2048"): string => `/img/${asset.id}/${kind}`;
