// The page: asks the API, says how old the answer is.

const output = document.querySelector("output");

async function ask() {
  try {
    const response = await fetch("/api/time");
    const { time } = await response.json();
    const how = response.headers.get("cache-status") ?? "without the service worker";
    output.textContent = `${time} (${how})`;
  } catch (error) {
    output.textContent = `no answer: ${error.message}`;
  }
}

document.querySelector("button").addEventListener("click", ask);
await navigator.serviceWorker?.register("/worker.js", { type: "module" });
await navigator.serviceWorker?.ready;
await ask();
