# psycopg 3, which binds parameters in the server. Packages: python3-psycopg
import psycopg
from psycopg.types.json import Jsonb

from psycopg_questions import ask

ask(psycopg, psycopg.connect('user=web', autocommit=True), Jsonb, lambda error: error.sqlstate)
