/**
 * What a browser shows of a join link. It has no script: the secret stays in the address bar.
 */
export const JOIN_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>sleap-rtc</title>
<style>body { font: 1rem/1.6 sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }</style>
<h1>You are invited to a sleap-rtc room</h1>
<p>Copy the whole address of this page, with the part after <code>#</code>, and run on your machine:</p>
<pre>sleap-rtc join -</pre>
<p>then paste the address and press Enter. It is a key: give it to nobody else.</p>
</html>
`;
