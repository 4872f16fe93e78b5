#include "web/statement_lines.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

#include "server/own_table.hpp"
#include "server/query.hpp"
#include "server/row_writer.hpp"
#include "web/corrections.hpp"
#include "web/json_text.hpp"
#include "web/service_usage.hpp"

extern "C" {
#include <utils/json.h>
}

namespace reseller_report {
namespace {

// The figures come in the order of enum Figure.
// Columns of reseller_report.statement_line; must match sql/statements.sql.
enum LineColumn : int {
  kStatement,
  kLine,
  kCorrects,
  kCompany,
  kCompanyName,
  kService,
  kItem,
  kFirstFigure,
  kColumns = kFirstFigure + kFigures
};

constexpr Oid kTypes[kColumns] = {INT8OID, INT8OID, INT8OID, INT8OID, TEXTOID,    TEXTOID,
                                  TEXTOID, INT8OID, INT8OID, INT8OID, NUMERICOID, NUMERICOID};

// Adds those companies to reseller_report.statement_company that it does not have, and returns them in order.
std::vector<std::int64_t> keep(const std::vector<std::int64_t> &companies) {
  SqlParameters parameters;
  parameters.add_bigints(companies.data(), static_cast<int>(companies.size()));
  static SavedQuery of_no_statement = {
      "SELECT c.id FROM unnest($1) AS c (id)"
      " WHERE NOT EXISTS (SELECT FROM reseller_report.statement_company k WHERE k.company_id = c.id) ORDER BY 1",
      Planning::kEachTime};
  std::vector<std::int64_t> added;
  query(of_no_statement, parameters, [&](const Datum *values, const bool *) { added.push_back(DatumGetInt64(values[0])); });
  constexpr Oid kCompanyTypes[] = {INT8OID};
  OwnTable const table("statement_company", RowExclusiveLock, kCompanyTypes);
  BatchWriter batch(table.relation());
  for (std::int64_t const company : added)
    batch.add([&](Datum *values, bool *nulls) {
      values[0] = Int64GetDatum(company);
      nulls[0] = false;
    });
  batch.finish();
  return added;
}

/// Numbers lines from 1, stores them, and makes their text, which must match _text_of_lines().
class LineWriter {
 public:
  explicit LineWriter(std::int64_t statement)
      : statement_(statement), table_("statement_line", RowExclusiveLock, kTypes), batch_(table_.relation()) {
    pg([&] { initStringInfo(&name_); });
  }

  /// `corrects` is the number of the statement that the line corrects.
  void add(std::optional<std::int64_t> corrects, std::int64_t company, Datum name, Item item, const WideCounters &figures) {
    std::int64_t counts[kFigures] = {};
    for (int i = 0; i < kFigures; i++)
      if (auto const figure = static_cast<Figure>(i); !is_money(figure))
        counts[i] = checked_figure(figure, figures, [&] { return item_of_company(item, company); });
    store(corrects, company, name, item, figures, counts);
    append_text(corrects, company, name, item, figures);
    issued_.total.add(figures, 1);
    if (corrects) issued_.corrections.add(figures, 1);
    if (companies_.empty() || companies_.back() != company) companies_.push_back(company);
  }

  IssuedLines finish(std::int64_t reseller) {
    batch_.finish();
    companies_.push_back(reseller);
    std::sort(companies_.begin(), companies_.end());
    companies_.erase(std::unique(companies_.begin(), companies_.end()), companies_.end());
    issued_.new_companies = keep(companies_);
    return std::move(issued_);
  }

 private:
  void store(std::optional<std::int64_t> corrects, std::int64_t company, Datum name, Item item, const WideCounters &figures,
             const std::int64_t *counts) {
    line_++;
    batch_.add([&](Datum *values, bool *nulls) {
      memset(nulls, 0, sizeof(bool) * kColumns);
      values[kStatement] = Int64GetDatum(statement_);
      values[kLine] = Int64GetDatum(line_);
      nulls[kCorrects] = !corrects;
      values[kCorrects] = Int64GetDatum(corrects.value_or(0));
      values[kCompany] = Int64GetDatum(company);
      values[kCompanyName] = datumCopy(name, false, -1);
      values[kService] = CStringGetTextDatum(service_name(service_of(item)));
      values[kItem] = CStringGetTextDatum(item_name(item));
      // Money has far fewer digits than the 38 that its columns hold.
      for (int i = 0; i < kFigures; i++)
        values[kFirstFigure + i] = is_money(static_cast<Figure>(i))
                                       ? static_cast<StoredNumeric *>(palloc(sizeof(StoredNumeric)))->set(figures.figure[i])
                                       : Int64GetDatum(counts[i]);
    });
  }

  void append_text(std::optional<std::int64_t> corrects, std::int64_t company, Datum name, Item item, const WideCounters &figures) {
    pg([&] {
      char *const plain = TextDatumGetCString(name);
      resetStringInfo(&name_);
      escape_json(&name_, plain);
      pfree(plain);
    });
    std::string &text = issued_.text;
    text += corrects ? std::to_string(*corrects) : "null";
    text.append(1, '\t').append(std::to_string(company)).append(1, '\t').append(name_.data, static_cast<size_t>(name_.len));
    text.append(1, '\t').append(service_name(service_of(item))).append(1, '\t').append(item_name(item));
    for (int i = 0; i < kFigures; i++) {
      text += '\t';
      if (is_money(static_cast<Figure>(i)))
        append_money(text, figures.figure[i]);
      else
        text += std::to_string(static_cast<std::int64_t>(figures.figure[i]));
    }
    text += '\n';
  }

  std::int64_t statement_;
  std::int64_t line_ = 0;
  OwnTable table_;
  BatchWriter batch_;
  StringInfoData name_;  // quoted as in JSON
  IssuedLines issued_;
  std::vector<std::int64_t> companies_;  // of the lines, some more than once
};

}  // namespace

IssuedLines write_lines(std::int64_t reseller, std::int64_t statement, const Range &period) {
  LineWriter writer(statement);
  Dependents const dependents = dependents_of(reseller, period);
  each_usage(reseller, period, {std::begin(kAllServices), std::end(kAllServices)}, dependents,
             [&](int company, Item item, const WideCounters &figures) {
               writer.add({}, dependents.ids[static_cast<size_t>(company)], dependents.name(company), item, figures);
             });
  each_correction(reseller, [&](const Correction &correction) {
    writer.add(correction.number, correction.company, correction.company_name, correction.item, correction.difference);
  });
  return writer.finish(reseller);
}

}  // namespace reseller_report
