// Lists calls in every way that the client has; see drive_twilio.py for what comes in and goes out.
const twilio = require('twilio');

const STATES = ['queued', 'ringing', 'in-progress', 'completed', 'busy', 'failed', 'no-answer', 'canceled'];
const sids = (calls) => calls.map((call) => call.sid);
const day = (moment) => moment.toISOString().slice(0, 10);

// null where both are the same calls in the same order, and there are some.
function differ(got, want) {
  const same = JSON.stringify(sids(got)) === JSON.stringify(sids(want));
  return same && want.length ? null : `${got.length} calls, ${want.length} expected`;
}

// The client with another host, and nothing else about it changed.
function openClient(asked, token) {
  const who = asked.credentials;
  const client = twilio(who.AccountSid, token || who.AuthToken);
  client.api.baseUrl = new URL(asked.url).origin;
  return client;
}

// All calls by the client's own pager, one by one.
function each(client, how) {
  return new Promise((resolve, reject) => {
    const found = [];
    client.calls.each({
      ...how,
      callback: (call) => found.push(call),
      done: (problem) => (problem ? reject(problem) : resolve(found)),
    });
  });
}

async function refusal(run) {
  try {
    await run();
  } catch (problem) {
    return `${problem.status}, ${problem.code}, ${problem.moreInfo}`;
  }
  return 'no error';
}

async function main(asked) {
  const told = [];
  const step = async (name, run) => {
    try {
      told.push([name, await run()]);
    } catch (problem) {
      told.push([name, String(problem.message || problem).slice(0, 300)]);
    }
  };
  const client = openClient(asked);
  let calls = [];
  await step('all calls on one page', async () => {
    calls = await client.calls.list({ pageSize: 1000 });
    return calls.length > 200 ? null : `${calls.length} calls`;
  });
  if (!calls.length) return told;

  await step('a list of five', async () => differ(await client.calls.list({ limit: 5 }), calls.slice(0, 5)));
  await step('each call, 20 on a page', async () => differ(await each(client, { pageSize: 20 }), calls));
  await step('each call up to a limit', async () =>
    differ(await each(client, { pageSize: 20, limit: 45 }), calls.slice(0, 45)));
  await step('a list from page to page', async () => differ(await client.calls.list({ pageSize: 33 }), calls));
  await step('to the next page and back', async () => {
    const first = await client.calls.page({ pageSize: 10 });
    const second = await first.nextPage();
    const back = await second.previousPage();
    return differ(second.instances, calls.slice(10, 20)) || differ(back.instances, calls.slice(0, 10));
  });
  await step('a page by its URL', async () => {
    const first = await client.calls.page({ pageSize: 10 });
    return differ((await client.calls.getPage(first.nextPageUrl)).instances, calls.slice(10, 20));
  });
  await step('the last page has no next one', async () =>
    (await client.calls.page({ pageSize: 1000 })).nextPageUrl === undefined ? null : 'there is one');

  const kept = (name, how, keep) =>
    step(name, async () => differ(await client.calls.list({ pageSize: 1000, ...how }), calls.filter(keep)));
  await step('each state', async () => {
    for (const status of STATES) {
      const got = await client.calls.list({ pageSize: 1000, status });
      const want = calls.filter((call) => call.status === status);
      if (want.length ? differ(got, want) : got.length) return `${status}: ${differ(got, want)}`;
    }
    return null;
  });
  const one = calls[Math.floor(calls.length / 2)];
  const done = calls.slice(Math.floor(calls.length / 3)).find((call) => call.endTime);
  const parent = calls.find((call) => call.parentCallSid).parentCallSid;
  await kept('who called', { from: one.from }, (call) => call.from === one.from);
  await kept('who was called', { to: one.to }, (call) => call.to === one.to);
  await kept('what a call spawned', { parentCallSid: parent }, (call) => call.parentCallSid === parent);
  await kept('began on a day', { startTime: day(one.startTime) }, (call) => day(call.startTime) === day(one.startTime));
  await kept('began then or later', { startTimeAfter: one.startTime }, (call) => call.startTime >= one.startTime);
  await kept('ended before then', { endTimeBefore: done.endTime }, (call) => call.endTime && call.endTime < done.endTime);
  await step('two filters, from page to page', async () => {
    const want = calls.filter((call) => call.status === 'completed' && call.startTime >= one.startTime);
    return differ(await each(client, { status: 'completed', startTimeAfter: one.startTime, pageSize: 7 }), want);
  });

  await step('another token is refused', async () => {
    const got = await refusal(() => openClient(asked, 'another-token').calls.list());
    return got === '401, 20003, https://www.twilio.com/docs/errors/20003' ? null : got;
  });
  await step('fields are read', async () => {
    const bad = calls.find((call) => !(call.dateCreated instanceof Date) || !call.uri.includes(call.sid));
    return bad ? `${bad.sid}: ${bad.dateCreated}, ${bad.uri}` : null;
  });
  return told;
}

const chunks = [];
process.stdin.on('data', (chunk) => chunks.push(chunk));
process.stdin.on('end', async () => {
  const told = await main(JSON.parse(Buffer.concat(chunks).toString()).apis['twilio/list-calls']);
  process.stdout.write(JSON.stringify(told));
});
