// Makes the calls that stand on standard input; see drive_python.py for their form.
const Client = require('@voximplant/apiclient-nodejs').default;

const value = (given) => (given && typeof given === 'object' && 'date' in given ? new Date(given.date) : given);

const chunks = [];
process.stdin.on('data', (chunk) => chunks.push(chunk));
process.stdin.on('end', () => {
  const asked = JSON.parse(Buffer.concat(chunks).toString());
  const client = new Client({ pathToCredentials: asked.credentials, host: asked.endpoint });
  client.onReady = async () => {
    const found = [];
    for (const call of asked.calls) {
      const given = Object.fromEntries(Object.entries(call).map(([name, one]) => [name, value(one)]));
      try {
        found.push({ answer: await client.History.getCallHistory(given) });
      } catch (problem) {
        found.push({ error: [problem.name || 'Error', null, String(problem.message || problem)] });
      }
    }
    process.stdout.write(JSON.stringify(found));
  };
});
