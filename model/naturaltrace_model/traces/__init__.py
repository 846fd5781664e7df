"""The natural traces themselves: prototypes of what real images share."""
