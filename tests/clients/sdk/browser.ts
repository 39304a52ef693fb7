// A browser whose user consents to everything: follows redirects with cookies up to the client's own address.

/** The parameters with which the authorization server sends the user back to `redirect`. Throws if it does not. */
export async function authorize(start: URL, redirect: string): Promise<URLSearchParams> {
  const cookies = new Map<string, string>();
  let url = start;
  for (let hop = 0; hop < 10; hop++) {
    const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [name = "", value = ""] = line.split(";")[0]!.split(/=(.*)/s);
      cookies.set(name, value);
    }
    const location = response.headers.get("location");
    if (!location) throw new Error(`authorization ended with ${response.status}: ${await response.text()}`);
    url = new URL(location, url);
    if (url.href.startsWith(redirect)) return url.searchParams;
  }
  throw new Error("too many redirects");
}
