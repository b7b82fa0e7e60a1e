/*
 * codec_parts.h
 *	  The bytes of the values that entries and snapshots share.
 */
#ifndef PGRAFT_CODEC_PARTS_H
#define PGRAFT_CODEC_PARTS_H

#include "core/bytes.h"
#include "core/types.h"

#define PGRAFT_PROMOTION_BYTES 28

static inline void
pgraft_put_promotion(ByteWriter *w, const PgraftPromotion *promotion)
{
	put_u64(w, promotion->term);
	put_u32(w, (uint32_t) promotion->node_id);
	put_u32(w, promotion->timeline);
	put_u32(w, promotion->parent);
	put_u64(w, promotion->fork_lsn);
}

static inline void
pgraft_get_promotion(ByteReader *r, PgraftPromotion *promotion)
{
	promotion->term = get_u64(r);
	promotion->node_id = get_i32(r);
	promotion->timeline = get_u32(r);
	promotion->parent = get_u32(r);
	promotion->fork_lsn = get_u64(r);
}

#endif
