"""What goes in and out, in marshmallow."""
