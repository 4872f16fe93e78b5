// Values of variable length, as rows hold them.
#pragma once

#include "server/boundary.hpp"

namespace reseller_report {

/// A value in place where it is stored plainly, as short ones are; decompressed or fetched where it is not.
inline const struct varlena *detoasted(Datum value) {
  auto const *stored = reinterpret_cast<const struct varlena *>(DatumGetPointer(value));
  if (VARATT_IS_EXTERNAL(stored) || VARATT_IS_COMPRESSED(stored)) pg([&] { stored = PG_DETOAST_DATUM_PACKED(value); });
  return stored;
}

}  // namespace reseller_report
