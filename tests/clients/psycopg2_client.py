# psycopg 2. Packages: python3-psycopg2
import psycopg2
from psycopg2.extras import Json

from psycopg_questions import ask

connection = psycopg2.connect(user='web')
connection.autocommit = True
ask(psycopg2, connection, Json, lambda error: error.pgcode)
