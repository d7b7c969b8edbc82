package window

import "slices"

// Add sums other into c.
func (c *Counts) Add(other *Counts) {
	c.addPlain(other)
	for _, s := range other.Status {
		c.Status = addStatus(c.Status, s)
	}
	c.Latency = c.Latency.Merge(other.Latency)
}

// addPlain leaves the lists out.
func (c *Counts) addPlain(other *Counts) {
	c.Requests += other.Requests
	c.Errors += other.Errors
	c.EdgeErrors += other.EdgeErrors
	c.OriginErrors += other.OriginErrors
	c.ClientErrors += other.ClientErrors
	c.Aborts += other.Aborts
	c.Bytes += other.Bytes
	c.CacheHits += other.CacheHits
	c.Late += other.Late
	for i, n := range other.CacheErrors {
		c.CacheErrors[i] += n
	}
}

// Sum adds up rows, of the pops of one service for example.
func Sum(rows []Row) Counts {
	var total sum
	for i := range rows {
		c := &rows[i].Counts
		total.addPlain(c)
		for _, s := range c.Status {
			total.status = addStatus(total.status, s)
		}
		for _, b := range c.Latency {
			total.measure(b.Bucket, b.Count)
		}
	}
	return total.take(&slabs{})
}

func addStatus(list []StatusCount, s StatusCount) []StatusCount {
	i, found := slices.BinarySearchFunc(list, s.Code, func(e StatusCount, code uint16) int { return int(e.Code) - int(code) })
	if found {
		list[i].Count += s.Count
		return list
	}
	return slices.Insert(list, i, s)
}

func (l Latency) add(b LatencyBucket) Latency {
	i, found := slices.BinarySearchFunc(l, b.Bucket, func(e LatencyBucket, k uint16) int { return int(e.Bucket) - int(k) })
	if found {
		l[i].Count += b.Count
		return l
	}
	return slices.Insert(l, i, b)
}

// Merge gives the histogram of both, in l's memory where it suffices.
func (l Latency) Merge(other Latency) Latency {
	if len(other) == 0 {
		return l
	}
	if len(l) == 0 {
		return append(l, other...)
	}
	same := 0
	for i, j := 0, 0; i < len(l) && j < len(other); {
		switch a, b := l[i].Bucket, other[j].Bucket; {
		case a == b:
			same++
			i++
			j++
		case a < b:
			i++
		default:
			j++
		}
	}
	i, j := len(l)-1, len(other)-1
	l = slices.Grow(l, len(other)-same)[:len(l)+len(other)-same]
	for k := len(l) - 1; j >= 0; k-- { // from the back, so that nothing is overwritten before it is read
		switch {
		case i >= 0 && l[i].Bucket > other[j].Bucket:
			l[k] = l[i]
			i--
		case i >= 0 && l[i].Bucket == other[j].Bucket:
			l[k] = LatencyBucket{other[j].Bucket, l[i].Count + other[j].Count}
			i--
			j--
		default:
			l[k] = other[j]
			j--
		}
	}
	return l
}
