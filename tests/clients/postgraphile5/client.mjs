// PostGraphile 5 over the schema that create_api makes. Packages: nodejs npm
import '../promises.mjs';
import pg from 'pg';
import { makeSchema } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafast } from 'postgraphile/grafast';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { askAll } from '../graphql.mjs';

const pool = new pg.Pool({ user: 'web' });
const { schema, resolvedPreset } = await makeSchema({
    extends: [PostGraphileAmberPreset],
    pgServices: [makePgService({ pool, schemas: ['api'] })],
});
await askAll((source, variableValues) => grafast({ schema, source, variableValues, resolvedPreset, requestContext: {} }), 'rowId');
await pool.end();
