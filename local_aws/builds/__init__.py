"""CodeBuild: projects, and builds that really run the phases of a buildspec."""
