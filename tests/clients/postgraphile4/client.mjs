// PostGraphile 4 over the schema that create_api makes. Packages: nodejs npm
import graphql from 'graphql';
import pg from 'pg';
import graphile from 'postgraphile';
import { askAll } from '../graphql.mjs';

const pool = new pg.Pool({ user: 'web' });
const schema = await graphile.createPostGraphileSchema(pool, 'api');
await askAll((source, variables) =>
    graphile.withPostGraphileContext({ pgPool: pool }, (context) => graphql.graphql(schema, source, null, context, variables)),
    'id');
await pool.end();
