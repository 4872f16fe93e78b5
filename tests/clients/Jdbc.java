// JDBC. Packages: libpostgresql-jdbc-java default-jdk-headless
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Properties;

class Jdbc {
    static final OffsetDateTime SINCE = OffsetDateTime.of(2024, 2, 1, 0, 0, 0, 0, ZoneOffset.UTC);
    static final OffsetDateTime BEFORE = OffsetDateTime.of(2024, 4, 1, 0, 0, 0, 0, ZoneOffset.UTC);

    static String shown(ResultSet rows, int column) throws SQLException {
        Object value = rows.getObject(column);
        if (value instanceof Boolean) return (Boolean) value ? "t" : "f";
        if (value instanceof BigDecimal) return ((BigDecimal) value).toPlainString();
        if (value instanceof Date) return rows.getObject(column, LocalDate.class).toString();
        if (value instanceof java.sql.Timestamp)
            return rows.getObject(column, OffsetDateTime.class).withOffsetSameInstant(ZoneOffset.UTC)
                .format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSS"));
        return String.valueOf(value);
    }

    static void show(ResultSet rows, int columns) throws SQLException {
        StringBuilder line = new StringBuilder(shown(rows, 1));
        for (int i = 2; i <= columns; i++) line.append('|').append(shown(rows, i));
        System.out.println(line);
    }

    static PreparedStatement prepared(Connection connection, String query, Object... parameters) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(query);
        for (int i = 0; i < parameters.length; i++) statement.setObject(i + 1, parameters[i]);
        return statement;
    }

    static void showError(PreparedStatement statement) {
        try {
            statement.executeQuery();
            System.out.println("no error");
        } catch (SQLException error) {
            var said = ((org.postgresql.util.PSQLException) error).getServerErrorMessage();
            System.out.println(error.getSQLState() + " " + said.getMessage());
        }
    }

    public static void main(String[] arguments) throws SQLException {
        System.setOut(new java.io.PrintStream(System.out, true, java.nio.charset.StandardCharsets.UTF_8));
        Properties properties = new Properties();
        properties.setProperty("user", "web");
        String url = "jdbc:postgresql://" + arguments[0] + "/" + System.getenv("PGDATABASE");
        try (Connection connection = DriverManager.getConnection(url, properties)) {
            System.out.println("page");
            ResultSet rows = prepared(connection, "SELECT reseller_report.reseller_and_companies(?, ?, ?, ?, row_limit => ?)", 1L,
                SINCE, BEFORE, true, 5).executeQuery();
            rows.next();
            System.out.println(rows.getString(1));
            // The first calls send the query each time, later ones name a statement that the server keeps. They answer alike.
            PreparedStatement report = prepared(connection, "SELECT * FROM reseller_report.text_messaging(?, ?, ?, ?)", 1L, SINCE,
                BEFORE, true);
            for (int i = 0; i < 9; i++) report.executeQuery().close();
            System.out.println("report");
            for (rows = report.executeQuery(); rows.next();) show(rows, 18);
            System.out.println("chart");
            rows = prepared(connection, "SELECT day, service, sum(events), sum(price_to_twin) FROM reseller_report.daily_usage"
                + " WHERE reseller_id = ? AND day >= ? AND day < ? GROUP BY day, service ORDER BY day, service", 1L,
                LocalDate.of(2024, 3, 1), LocalDate.of(2024, 3, 15)).executeQuery();
            while (rows.next()) show(rows, 4);
            System.out.println("events");
            Object after = null;
            for (boolean any = true; any;) {
                any = false;
                rows = prepared(connection, "SELECT source, occurred_at, item, delivered, seconds, price_to_twin,"
                    + " source_key ->> 'id', \"position\""
                    + " FROM reseller_report.usage_events(?, ?, ?, ?, ?, row_limit => ?, after => ?::jsonb)", 1L, 15L,
                    "text_messaging", SINCE, BEFORE, 7, after).executeQuery();
                while (rows.next()) {
                    any = true;
                    show(rows, 7);
                    after = rows.getObject(8);
                }
            }
            // A moment that is set as a string is of no type that the function has, unless the query says which.
            try {
                prepared(connection, "SELECT * FROM reseller_report.totals(?, ?, ?)", 1L, "2024-02-01", "2024-04-01")
                    .executeQuery();
                throw new AssertionError("a string was taken for a moment");
            } catch (SQLException error) {
                if (!error.getSQLState().equals("42883")) throw error;
            }
            prepared(connection, "SELECT * FROM reseller_report.totals(?, ?::timestamptz, ?::timestamptz)", 1L, "2024-02-01",
                "2024-04-01").executeQuery();
            System.out.println("errors");
            showError(prepared(connection, "SELECT * FROM reseller_report.totals(?, ?, ?)", 2L, SINCE, BEFORE));
            showError(prepared(connection, "SELECT * FROM reseller_report.usage_series(?, ?, ?, ?)", 1L, SINCE, BEFORE,
                "fortnight"));
        }
    }
}
