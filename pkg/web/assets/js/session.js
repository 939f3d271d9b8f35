// Says that the sign-in is about to end, five minutes before, and lets one key or
// press keep it. The page works without: the time stands at its foot.
(() => {
  const box = document.getElementById('session'), foot = document.getElementById('session-ends');
  box.className = 'alert alert-warning d-print-none';
  box.setAttribute('role', 'alert'); // and so a screen reader says what is put into it
  const words = box.dataset, warn = 300 * 1000;
  const tabs = new BroadcastChannel('session');
  let ends, asking = false, state = '';
  let last = words.left * 1000 <= warn; // the day's sign-in is used up: asking gives no more

  // What stands there is said once.
  const say = next => {
    if (next === state) return;
    state = next;
    box.replaceChildren();
    box.hidden = next === '';
    if (next === '') return;
    const text = document.createElement('p');
    text.textContent = words[next];
    box.append(text);
    if (next !== 'soon') return;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button button-primary';
    button.textContent = words.stay;
    box.append(button);
  };
  const look = () => {
    const left = ends - Date.now();
    say(left <= 0 ? 'over' : left > warn ? '' : last ? 'last' : 'soon');
  };
  const begin = (seconds, says) => {
    ends = Date.now() + seconds * 1000;
    if (says) foot.textContent = says;
    look();
  };
  const stay = async () => {
    if (state !== 'soon' || asking) return;
    asking = true;
    try {
      const answer = await fetch('/session', {redirect: 'manual', headers: {Accept: 'application/json'}});
      if (!answer.ok) throw answer;
      const {left, says} = await answer.json();
      last = left * 1000 <= warn;
      begin(left, says);
      tabs.postMessage({left, says});
    } catch { // no way through just now: the next key asks again
    } finally {
      asking = false;
    }
  };

  tabs.onmessage = e => begin(e.data.left, e.data.says);
  begin(Number(words.left));
  tabs.postMessage({left: Number(words.left), says: foot.textContent});
  setInterval(look, 1000);
  document.addEventListener('visibilitychange', look);
  document.addEventListener('keydown', stay);
  document.addEventListener('pointerdown', stay);
})();
