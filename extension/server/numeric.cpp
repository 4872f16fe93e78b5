#include "server/numeric.hpp"

namespace reseller_report {

AmountCheck micros_of_numeric(Datum stored, std::int64_t &micros) {
  auto const *const datum = reinterpret_cast<const struct varlena *>(DatumGetPointer(stored));
  return decode_micros(reinterpret_cast<const unsigned char *>(VARDATA_ANY(datum)), VARSIZE_ANY_EXHDR(datum), micros);
}

Datum StoredNumeric::set(Sum micros) {
  SET_VARSIZE_SHORT(bytes_, 1 + encode_micros(micros, bytes_ + 1));
  return PointerGetDatum(bytes_);
}

}  // namespace reseller_report
