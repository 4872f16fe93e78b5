#include "source/own_rows.hpp"

namespace reseller_report {

void delete_own_row(const char *table, const ItemPointerData &place) {
  OwnTable const own(table, RowExclusiveLock);
  pg([&] {
    ItemPointerData unwanted = place;
    CatalogTupleDelete(own.relation(), &unwanted);
    CommandCounterIncrement();
  });
}

}  // namespace reseller_report
